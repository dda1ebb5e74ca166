import { createInterface, type Interface } from "node:readline";
import { isatty } from "node:tty";
import { completeNow, unlessAway } from "./completion.ts";
import { History } from "./history.ts";
import { readKeys } from "./keys.ts";
import { runLine } from "./run.ts";
import type { Session } from "./session.ts";

/** The interactive shell: supervisorctl's, with the status first. Resolves when the user leaves. */
export async function runShell(
  session: Session,
  { prompt, historyFile }: { prompt: string; historyFile: string | undefined },
): Promise<void> {
  await runLine(session, "status");
  const onTerminal = isatty(0) && isatty(1);
  const history = onTerminal ? new History(session.complain, historyFile) : undefined;
  const lines = new Lines((line) => completeNow(inShell, line), history);
  const inShell: Session = {
    ...session,
    open(url) {
      session.open(url);
      inShell.client = session.client;
    },
    nextLine: (signal) => lines.next("", signal),
    confirm: async (question) => /^y/i.test((await lines.next(question)) ?? ""),
    interrupted: () => lines.interrupted(),
    keys: (pressed) => lines.keys(pressed),
  };
  const daemon = new Daemons(inShell);
  await daemon.look();
  for (;;) {
    const line = await lines.nextCommand(`${prompt}> `);
    if (line === undefined || ["quit", "exit", "EOF"].includes(line.trim())) break;
    if (onTerminal) await daemon.look();
    await lines.whileRunning(inShell, (own) => runLine(own, line));
  }
  lines.close();
  session.print("");
}

/** Says when another daemon answers than before. */
class Daemons {
  readonly #session: Session;
  #pid: number | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  async look(): Promise<void> {
    const pid = await unlessAway(() => this.#session.client.call("supervisor.getPID", {}));
    if (pid !== undefined && this.#pid !== undefined && pid !== this.#pid) {
      this.#session.complain(`note: droverd has been started again: its pid is ${pid}`);
    }
    this.#pid = pid ?? this.#pid;
  }
}

type Completer = (line: string) => Promise<[string[], string]>;

/** What is typed, a line at a time, whoever asks for it: the prompt or a question. */
class Lines {
  #readline: Interface;
  readonly #completer: Completer;
  readonly #history: History | undefined;
  readonly #typed: string[] = [];
  #ended = false;
  #suspended = false;
  #wake: () => void = () => undefined;
  #running: AbortController | undefined;
  /** Goes on without a command that does not end by itself. */
  #abandon: (() => void) | undefined;
  #atPrompt = false;

  /** @param history undefined: nothing is kept */
  constructor(completer: Completer, history: History | undefined) {
    this.#completer = completer;
    this.#history = history;
    this.#readline = this.#open();
  }

  #open(): Interface {
    const readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: [...(this.#history?.lines ?? [])],
      completer: (line: string, done: (error: null, found: [string[], string]) => void) =>
        void this.#completer(line).then((found) => done(null, found)),
    });
    readline.on("line", (line) => {
      this.#typed.push(line);
      this.#wake();
    });
    readline.on("history", (lines) => {
      // Answers, and what is typed for a process, are no commands.
      if (this.#atPrompt) this.#history?.add(lines[0] ?? "");
      lines.splice(0, lines.length, ...(this.#history?.lines ?? []));
    });
    readline.on("close", () => {
      if (this.#suspended) return;
      this.#ended = true;
      this.#wake();
    });
    // It ends what runs, and at the prompt what has been typed; never the shell.
    readline.on("SIGINT", () => {
      if (this.#running) this.#running.abort();
      else if (this.#abandon) this.#abandon();
      else this.#clear();
    });
    return readline;
  }

  /** What is typed are keys, not lines, until the answer is called. */
  keys(pressed: (key: string) => void): () => void {
    if (!process.stdin.isTTY) return () => undefined;
    this.#suspended = true;
    this.#readline.close();
    this.#suspended = false;
    const end = readKeys(pressed);
    return () => {
      end();
      this.#readline = this.#open();
    };
  }

  #clear(): void {
    process.stdout.write("^C\n");
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    // Up begins with the latest line again.
    Object.assign(this.#readline, { historyIndex: -1 });
    this.#readline.prompt();
  }

  /** A line at the prompt, which the history keeps. */
  async nextCommand(prompt: string): Promise<string | undefined> {
    this.#atPrompt = true;
    const line = await this.next(prompt);
    this.#atPrompt = false;
    return line;
  }

  /**
   * Runs a command until its end, or until Ctrl-C: one that has asked to be told of that ends then, and
   * of another nothing is shown any more.
   */
  async whileRunning(session: Session, run: (own: Session) => Promise<void>): Promise<void> {
    let isOver = false;
    const unlessOver =
      <T>(show: (what: T) => void) =>
      (what: T) =>
        isOver ? undefined : show(what);
    const { print, write, output, complain } = session;
    const own: Session = {
      ...session,
      print: unlessOver(print),
      write: unlessOver(write),
      output: unlessOver(output),
      complain: unlessOver(complain),
      open(url) {
        session.open(url);
        own.client = session.client;
      },
    };
    const abandoned = new Promise<void>((resolve) => {
      this.#abandon = () => {
        isOver = true;
        complain("\ninterrupted: droverd goes on with what it was asked for");
        resolve();
      };
    });
    await Promise.race([run(own), abandoned]);
    this.#abandon = undefined;
    this.#running = undefined;
  }

  /** The next line, after showing `prompt`; undefined at the end of the input. */
  async next(prompt: string, signal?: AbortSignal): Promise<string | undefined> {
    this.#readline.setPrompt(prompt);
    if (this.#ended) process.stdout.write(prompt);
    else this.#readline.prompt();
    while (this.#typed.length === 0 && !this.#ended && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return signal?.aborted ? undefined : this.#typed.shift();
  }

  /** Aborts at the next Ctrl-C. */
  interrupted(): AbortSignal {
    this.#running = new AbortController();
    return this.#running.signal;
  }

  close(): void {
    this.#readline.close();
  }
}
