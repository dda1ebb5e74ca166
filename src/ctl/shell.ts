import { createInterface, type Interface } from "node:readline";
import { namespec } from "../process/order.ts";
import { commands, runLine } from "./commands.ts";
import type { Session } from "./session.ts";

/** The interactive shell: supervisorctl's, with the status first. Resolves when the user leaves. */
export async function runShell(session: Session, prompt: string): Promise<void> {
  await runLine(session, "status");
  let names: readonly string[] = await processNames(session);
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: `${prompt}> `,
    completer: (line: string) => complete(line, names),
  });
  const inShell = { ...session, confirm: (question: string) => ask(lines, question) };
  lines.on("SIGINT", () => (running ? running.abort() : lines.close()));
  let running: AbortController | undefined;
  lines.prompt();
  for await (const line of lines) {
    const word = line.trim();
    if (["quit", "exit", "EOF"].includes(word)) break;
    const controller = new AbortController();
    running = controller;
    await runLine({ ...inShell, interrupted: () => controller.signal }, line);
    running = undefined;
    names = await processNames(session);
    lines.prompt();
  }
  lines.close();
  session.print("");
}

const ask = (lines: Interface, question: string): Promise<boolean> =>
  new Promise((resolve) => {
    lines.question(question, (answer) => resolve(/^y/i.test(answer)));
  });

/** For completion only: a server that cannot be reached has no names, and that has been told. */
async function processNames({ client }: Session): Promise<string[]> {
  try {
    const all = await client.call("supervisor.getAllProcessInfo", {});
    const groups = all.filter(({ group, name }) => group !== name).map(({ group }) => `${group}:*`);
    return [...new Set([...groups, ...all.map(namespec)])].sort();
  } catch {
    return [];
  }
}

/** What may come next on a line, and the word that it would complete. */
export function complete(line: string, processes: readonly string[]): [string[], string] {
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
  return completes === "processes" ? matching(processes) : [[], last];
}
