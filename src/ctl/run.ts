import { BadValue, suggest } from "../config/problems.ts";
import { splitCommand } from "../config/shlex.ts";
import { Fault } from "../faults.ts";
import { ServerError } from "../rpc/client.ts";
import { type Command, commands } from "./commands.ts";
import { expandPatterns, hintAtNames } from "./patterns.ts";
import { explain } from "./problems.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** Runs one line as typed. Whatever goes wrong is told, and sets the exit code. */
export async function runLine(session: Session, line: string): Promise<void> {
  const text = line.trim().replace(/^\?/, "help ");
  const [word = "", ...words] = text.split(/\s+/);
  if (word === "") return;
  const command = commandOf(word);
  if (!command) {
    session.print(`*** Unknown syntax: ${line.trim()}`);
    // Programs that read this compare it with supervisorctl's.
    const hint = session.toTerminal ? suggest(word, Object.keys(commands)) : "";
    if (hint !== "") session.complain(`${word}${hint}`);
    session.exitCode = exit.generic;
    return;
  }
  await run(session, { word, command }, () => (command.quotes ? unquote(text).slice(1) : words));
}

/** Runs the words of a command line; all but a few commands take them as if typed in one line. */
export async function runWords(session: Session, typed: readonly string[]): Promise<void> {
  const [word = "", ...words] = typed;
  const command = commandOf(word);
  if (!command?.quotes) await runLine(session, typed.join(" "));
  else await run(session, { word, command }, () => words);
}

const takesProcesses = ({ completes }: Command): boolean =>
  completes === "processes" || completes === "signals";

const commandOf = (word: string): Command | undefined =>
  Object.hasOwn(commands, word) ? commands[word] : undefined;

/** @throws UsageError */
function unquote(text: string): string[] {
  try {
    return splitCommand(text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new UsageError(`Error: ${error.message}`);
  }
}

async function run(
  session: Session,
  { word, command }: { word: string; command: Command },
  read: () => readonly string[],
): Promise<void> {
  const prepare = async (typed: readonly string[]) => {
    const words = takesProcesses(command) ? await expandPatterns(session, typed) : typed;
    checkWords(word, command, words);
    return words;
  };
  const act = async (typed: readonly string[]) => {
    const words = await prepare(typed);
    await command.run(session, words, commands);
    const failed = session.exitCode !== 0;
    if (failed && session.toTerminal && takesProcesses(command)) await hintAtNames(session, words);
  };
  const { exitCode } = session;
  session.exitCode = 0;
  session.json = false;
  try {
    const typed = read();
    session.json = typed.includes(JSON_FLAG);
    const answer = session.json ? await jsonAnswer(word) : undefined;
    if (answer) {
      const others = typed.filter((each) => each !== JSON_FLAG);
      session.print(JSON.stringify(await answer(session, await prepare(others))));
    } else await act(typed);
  } catch (error) {
    if (session.json) (await import("./json.ts")).tellInJson(session, error, command);
    else tell(session, command, error);
  }
  session.exitCode ||= exitCode;
}

const JSON_FLAG = "--json";

/** @returns undefined for a command that has a way of its own, or none */
async function jsonAnswer(word: string) {
  const { jsonAnswers } = await import("./json.ts");
  return Object.hasOwn(jsonAnswers, word) ? jsonAnswers[word] : undefined;
}

function checkWords(word: string, command: Command, words: readonly string[]): void {
  if (command.needsName !== undefined && words.length === 0) {
    throw new UsageError(`Error: ${word} requires a process name`, true, command.needsName);
  }
  if (command.alone && words.length > 0) {
    throw new UsageError(`Error: ${word} accepts no arguments`, true);
  }
}

function tell(session: Session, command: Command, error: unknown): void {
  if (error instanceof UsageError) {
    session.print(error.message);
    if (error.withHelp) for (const line of command.help) session.print(line);
    session.exitCode = error.exitCode;
  } else if (error instanceof ServerError) {
    const { line, remedy, exitCode } = explain(error, session.client.url);
    session.print(line);
    session.complain(remedy);
    session.exitCode = command.unreachable ?? exitCode;
  } else if (error instanceof Fault) {
    session.print(`error: ${error.message}`);
    if (error.fault === "SHUTDOWN_STATE") session.complain("droverd is shutting down");
    session.exitCode = exit.generic;
  } else throw error;
}
