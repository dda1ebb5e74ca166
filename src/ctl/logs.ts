import { type ParseArgsConfig, parseArgs } from "node:util";
import { Fault } from "../faults.ts";
import { ServerError } from "../rpc/client.ts";
import { NameColors } from "./namecolors.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** `logs NAME... [options]`. */
export async function logs(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseOptions(words, {
    follow: { type: "boolean", short: "f" },
    lines: { type: "string", short: "n" },
    since: { type: "string" },
    grep: { type: "string" },
    stream: { type: "string" },
    json: { type: "boolean" },
    raw: { type: "boolean" },
    names: { type: "boolean" },
    "no-names": { type: "boolean" },
  });
  if (names.length === 0) {
    throw new UsageError("Error: logs requires a process name", true, exit.badArguments);
  }
  const { follow, json, raw, names: withNames, "no-names": without, ...texts } = values;
  const several = names.length > 1 || names.some((name) => /^all$|:\*?$/.test(name));
  const named = !json && !raw && !without && (withNames ?? several);
  const colors = named && session.colors ? new NameColors() : undefined;
  const write = (chunk: Buffer) => session.output(colors ? colors.push(chunk) : chunk);
  const parameters = {
    ...texts,
    ...(follow && { follow: "yes" }),
    format: json ? "json" : "text",
    names: named ? "yes" : "no",
  };
  await showLogs(session, names, parameters, write);
  if (colors) session.output(colors.end());
}

type Options = NonNullable<ParseArgsConfig["options"]>;

type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/** @throws UsageError */
export function parseOptions<const O extends Options>(
  words: readonly string[],
  options: O,
): Parsed<O> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [reason = ""] = error.message.split(/\. (?:To specify|Did you)/);
    throw new UsageError(`Error: ${reason}`, true);
  }
}

const texts: Partial<Record<string, string>> = {
  NO_FILE: "no log file",
  BAD_NAME: "no such process name",
};

/** Asks for logs and shows them, until their end or Ctrl-C. */
export async function showLogs(
  session: Session,
  names: readonly string[],
  parameters: Readonly<Record<string, string>>,
  write: (chunk: Buffer) => void = session.output,
): Promise<void> {
  let begun = false;
  const show = (chunk: Buffer) => {
    begun = true;
    write(chunk);
  };
  try {
    await session.client.readLogs(names, parameters, show, session.interrupted());
  } catch (error) {
    if (error instanceof Fault) refused(session, error);
    else if (error instanceof ServerError && begun && !session.json) {
      session.complain("droverd has ended the stream: it went down, or this reader was too slow");
    } else throw error;
    session.exitCode = exit.generic;
  }
}

function refused(session: Session, { fault, detail = "" }: Fault): void {
  const text = texts[fault];
  if (text === undefined) {
    session.print(`Error: ${detail}`);
    return;
  }
  // `name; did you mean "other"?`, or `name: no log of stderr`
  const [, name = detail, hint = ""] = /^(.*?)(?:[;:] (did you.*|no log.*))?$/s.exec(detail) ?? [];
  session.print(`${name}: ERROR (${text})`);
  if (hint !== "") session.complain(hint);
}
