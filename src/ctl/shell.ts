import { createInterface } from "node:readline";
import { namespec } from "../process/order.ts";
import { commands, runLine } from "./commands.ts";
import type { Session } from "./session.ts";

/** The interactive shell: supervisorctl's, with the status first. Resolves when the user leaves. */
export async function runShell(session: Session, prompt: string): Promise<void> {
  await runLine(session, "status");
  const names = { known: await knownNames(session) };
  const lines = new Lines((line) => complete(line, names.known));
  const inShell: Session = {
    ...session,
    open(url) {
      session.open(url);
      inShell.client = session.client;
    },
    nextLine: (signal) => lines.next("", signal),
    confirm: async (question) => /^y/i.test((await lines.next(question)) ?? ""),
    interrupted: () => lines.interrupted(),
  };
  for (;;) {
    const line = await lines.next(`${prompt}> `);
    if (line === undefined || ["quit", "exit", "EOF"].includes(line.trim())) break;
    await runLine(inShell, line);
    lines.uninterrupted();
    names.known = await knownNames(session);
  }
  lines.close();
  session.print("");
}

/** What is typed, a line at a time, whoever asks for it: the prompt or a question. */
class Lines {
  readonly #readline;
  readonly #typed: string[] = [];
  #ended = false;
  #wake: () => void = () => undefined;
  #running: AbortController | undefined;

  constructor(completer: (line: string) => [string[], string]) {
    this.#readline = createInterface({ input: process.stdin, output: process.stdout, completer });
    this.#readline.on("line", (line) => {
      this.#typed.push(line);
      this.#wake();
    });
    this.#readline.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
    // Ctrl-C ends what runs; at the prompt it leaves.
    this.#readline.on("SIGINT", () => (this.#running ? this.#running.abort() : this.close()));
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

  uninterrupted(): void {
    this.#running = undefined;
  }

  close(): void {
    this.#readline.close();
  }
}

/** What may be completed. */
interface Names {
  processes: readonly string[];
  groups: readonly string[];
}

/** For completion only: a server that cannot be reached has no names, and that has been told. */
async function knownNames({ client }: Session): Promise<Names> {
  try {
    const all = await client.call("supervisor.getAllProcessInfo", {});
    const whole = all.filter(({ group, name }) => group !== name).map(({ group }) => `${group}:*`);
    return {
      processes: [...new Set([...whole, ...all.map(namespec)])].sort(),
      groups: [...new Set(all.map(({ group }) => group))].sort(),
    };
  } catch {
    return { processes: [], groups: [] };
  }
}

/** What may come next on a line, and the word that it would complete. */
export function complete(line: string, { processes, groups }: Names): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  const [command = ""] = words;
  const matching = (candidates: readonly string[]): [string[], string] => [
    candidates.filter((candidate) => candidate.startsWith(last)).map((found) => `${found} `),
    last,
  ];
  if (words.length <= 1) return matching(Object.keys(commands));
  const completes = Object.hasOwn(commands, command) ? commands[command]?.completes : undefined;
  if (completes === "commands") return matching(Object.keys(commands));
  if (completes === "groups") return matching(groups);
  return completes === "processes" ? matching(processes) : [[], last];
}
