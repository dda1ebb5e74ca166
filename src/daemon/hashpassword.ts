import { ReadStream } from "node:tty";
import { hashPassword } from "../rpc/auth.ts";
import { StartError } from "./errors.ts";

/** Reads a password from stdin, which a terminal does not show, and gives what `password=` takes. */
export async function hashFromStdin(): Promise<string> {
  const { stdin } = process;
  const terminal = stdin instanceof ReadStream ? stdin : undefined;
  if (terminal) process.stderr.write("Password: ");
  const password = await readLine(terminal);
  if (password === "") throw new StartError("Error: expected a password on stdin", 2);
  return `${await hashPassword(password)}\n`;
}

/** Keys with which a line ends, or is given up, at a terminal that leaves all to us. */
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

function readLine(terminal: ReadStream | undefined): Promise<string> {
  const { stdin } = process;
  return new Promise((resolve) => {
    let line = "";
    const end = (text: string) => {
      terminal?.setRawMode(false);
      if (terminal) process.stderr.write("\n");
      stdin.pause();
      resolve(text);
    };
    terminal?.setRawMode(true);
    stdin.setEncoding("utf8");
    stdin.on("end", () => end(line));
    stdin.on("data", (chunk: string) => {
      for (const character of chunk) {
        if (character === CTRL_C && terminal) return end("");
        if ("\r\n".includes(character) || (character === CTRL_D && terminal)) return end(line);
        line = character === "\u007f" && terminal ? line.slice(0, -1) : line + character;
      }
    });
  });
}
