import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

const PROMPT = "supervisor> ";

/** The real supervisorctl, to type into: a process for each command would cost most of the time. */
export class Session {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = "";
  #prompted: () => void = () => undefined;
  /** The next prompt: not before it does supervisorctl read on. */
  #ready: Promise<void>;

  constructor(config: string) {
    this.#ready = this.#nextPrompt();
    this.#child = spawn("supervisorctl", ["-c", config], { stdio: "pipe" });
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.on("data", (chunk) => this.#hear(chunk));
    this.#child.stdout.on("data", (chunk) => this.#hear(chunk));
    this.#child.on("close", () => this.#prompted());
  }

  /** @returns what it says, in the order of the alphabet: several are answered as they are done */
  async type(line: string): Promise<string> {
    await this.#ready;
    this.#said = "";
    this.#ready = this.#nextPrompt();
    this.#child.stdin.write(`${line}\n`);
    await this.#ready;
    return this.#said.replace(PROMPT, "").trim().split("\n").sort().join("\n");
  }

  end(): void {
    this.#child.stdin.end();
  }

  #hear(chunk: Buffer): void {
    this.#said += chunk;
    if (this.#said.endsWith(PROMPT)) this.#prompted();
  }

  #nextPrompt(): Promise<void> {
    return new Promise((resolve) => {
      this.#prompted = resolve;
    });
  }
}
