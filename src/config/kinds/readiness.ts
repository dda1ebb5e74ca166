import { splitCommand } from "../shlex.ts";
import { kind } from "./kind.ts";

/** By what a process is known to be ready for work. */
export type Ready =
  | { by: "startsecs" }
  | { by: "tcp"; host: string; port: number }
  | { by: "http"; url: string }
  | { by: "exec"; words: readonly string[] }
  | { by: "log"; pattern: string };

/** As far as it can be told without RE2, which is loaded where it is used. */
function isPattern(text: string): boolean {
  try {
    new RegExp(text.replace(/^\(\?[imsU]+\)/, "").replaceAll("(?P<", "(?<"));
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

export const readiness = kind(
  "startsecs, tcp:8080, http://127.0.0.1:8080/health, exec:command or log:/pattern/",
  (given, _, refuse): Ready => {
    const text = given.trim();
    if (text === "startsecs") return { by: "startsecs" };
    if (/^https?:\/\//.test(text)) {
      return URL.canParse(text) ? { by: "http", url: text } : refuse();
    }
    const colon = text.indexOf(":");
    const [by, rest] = [text.slice(0, colon), text.slice(colon + 1)];
    if (by === "tcp") {
      const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d{1,5})$/.exec(rest) ?? [];
      const port = Number(digits);
      return port >= 1 && port <= 65_535 ? { by, host, port } : refuse();
    }
    if (by === "log") {
      const [, pattern] = /^\/(.+)\/$/.exec(rest) ?? [];
      return pattern === undefined || !isPattern(pattern) ? refuse() : { by, pattern };
    }
    if (by === "exec") {
      const words = splitCommand(rest);
      return words.length > 0 ? { by, words } : refuse();
    }
    return refuse();
  },
);
