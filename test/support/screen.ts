import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { eventually } from "./daemon.ts";

/** A real terminal, and what is to be seen on it. */
export interface TestScreen {
  /** Presses keys, by tmux's names for them: `Enter`, `C-c`, `Up`, or what is to be typed. */
  press(...keys: string[]): void;
  /** What is to be seen. */
  text(): string;
  /** Waits until that is so. */
  shows(what: string | RegExp): Promise<string>;
  resize(columns: number, rows: number): void;
}

/** Runs a program on a terminal of tmux's, which is gone when the test is. */
export function openScreen(
  words: readonly string[],
  { columns = 100, rows = 24, env = {} }: { columns?: number; rows?: number; env?: object } = {},
): TestScreen {
  // Not in the test's own folder, whose path may be too long for a socket.
  const folder = mkdtempSync(path.join(os.tmpdir(), "tmux-"));
  const socket = path.join(folder, "s");
  const tmux = (...args: string[]) =>
    execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C.UTF-8", ...env },
    });
  onTestFinished(() => {
    tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  });
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  // The program's end must not end the terminal before it was looked at.
  tmux("new-session", "-d", "-x", `${columns}`, "-y", `${rows}`, `${quoted}; exec cat`);
  const text = () => tmux("capture-pane", "-p").replaceAll(/ +$/gm, "").trimEnd();
  return {
    press: (...keys) => void tmux("send-keys", ...keys),
    text,
    async shows(what) {
      let seen = "";
      const isThere = () => {
        seen = text();
        return typeof what === "string" ? seen.includes(what) : what.test(seen);
      };
      try {
        await eventually(`"${what}" on the screen`, isThere, 20_000, 50);
      } catch (error) {
        throw new Error(`${error}; it shows:\n${seen}`, { cause: error });
      }
      return seen;
    },
    resize: (width, height) => void tmux("resize-window", "-x", `${width}`, "-y", `${height}`),
  };
}
