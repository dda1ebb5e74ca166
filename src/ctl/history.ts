import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { errnoOf } from "../os/errno.ts";

const MOST_LINES = 1_000;
/** A password in a URL. */
const secret = /\/\/[^/\s]*:[^/\s]*@/;

/** What was typed at the prompt, kept from one shell to the next in the user's state folder. */
export class History {
  readonly #file: string;
  readonly #onTrouble: (text: string) => void;
  /** The latest first, as readline has them. */
  lines: string[];
  #failed = false;

  /**
   * @param onTrouble is told once when it cannot be kept
   * @param file undefined: the one in the user's state folder
   */
  constructor(
    onTrouble: (text: string) => void,
    file?: string,
    environment: NodeJS.ProcessEnv = process.env,
  ) {
    const state = environment.XDG_STATE_HOME || path.join(homedir(), ".local/state");
    this.#file = file ?? path.join(state, "drover/history");
    this.#onTrouble = onTrouble;
    this.lines = this.#read();
  }

  #read(): string[] {
    try {
      const lines = readFileSync(this.#file, "utf8").split("\n");
      return lines
        .filter((line) => line !== "")
        .slice(-MOST_LINES)
        .reverse();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") this.#trouble(error);
      return [];
    }
  }

  /** Keeps one more line, unless it is the same again, or has a password in it. */
  add(line: string): void {
    if (line.trim() === "" || line === this.lines[0] || secret.test(line)) return;
    this.lines = [line, ...this.lines].slice(0, MOST_LINES);
    if (this.#failed) return;
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(this.#file, `${this.lines.toReversed().join("\n")}\n`, { mode: 0o600 });
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    if (errnoOf(error) === undefined) throw error;
    this.#failed = true;
    this.#onTrouble(`note: the history is not kept: ${error}`);
  }
}
