import { Fault } from "../faults.ts";
import { type Range, readRange, tailRange } from "../logs/range.ts";
import { readFilePart } from "../os/filepart.ts";
import type { Handlers } from "../rpc/methods.ts";
import type { Sinks } from "./sinks.ts";
import { MOST_INPUT } from "./stdio.ts";
import type { Supervised } from "./supervised.ts";

/** What the calls that read logs need to know. */
export interface LogPlaces {
  /** Path of the daemon's own log. */
  mainLog: string | undefined;
  sinks: Pick<Sinks, "expectAnswer">;
  /** @throws Fault BAD_NAME */
  process(name: string): Supervised;
}

type LogCalls = Pick<
  Handlers,
  | "supervisor.readLog"
  | `supervisor.${"read" | "tail"}Process${"Stdout" | "Stderr"}Log`
  | "supervisor.sendProcessStdin"
>;

/** supervisord's calls about what goes into a process and what comes out. */
export function logCalls({ mainLog, sinks, process }: LogPlaces): LogCalls {
  const readLog = (path: string | undefined, offset: number, length: number) =>
    readPart(sinks, path, { offset, length });
  const tailLog = (path: string | undefined, offset: number, length: number) =>
    tailPart(sinks, path, { offset, length });
  return {
    "supervisor.readLog": ({ offset, length }) => readLog(mainLog, offset, length),
    "supervisor.readProcessStdoutLog": ({ name, offset, length }) =>
      readLog(process(name).logfile("stdout"), offset, length),
    "supervisor.readProcessStderrLog": ({ name, offset, length }) =>
      readLog(process(name).logfile("stderr"), offset, length),
    "supervisor.tailProcessStdoutLog": ({ name, offset, length }) =>
      tailLog(process(name).logfile("stdout"), offset, length),
    "supervisor.tailProcessStderrLog": ({ name, offset, length }) =>
      tailLog(process(name).logfile("stderr"), offset, length),
    "supervisor.sendProcessStdin": ({ name, chars }) => send(process(name), name, chars),
  };
}

/** @throws Fault NO_FILE, BAD_ARGUMENTS, FAILED */
async function readPart(
  sinks: LogPlaces["sinks"],
  path: string | undefined,
  { offset, length }: Range,
): Promise<string> {
  if (path === undefined) throw new Fault("NO_FILE");
  await sinks.expectAnswer(path);
  const text = await readText(path, (size) => {
    const range = readRange(size, offset, length);
    if (!range) throw new Fault("BAD_ARGUMENTS");
    return range;
  });
  if (text === undefined) throw new Fault("NO_FILE", path);
  return text;
}

async function tailPart(
  sinks: LogPlaces["sinks"],
  path: string | undefined,
  { offset, length }: Range,
): Promise<[string, number, boolean]> {
  if (path === undefined) return ["", 0, false];
  let answer: [next: number, overflow: boolean] = [0, false];
  try {
    await sinks.expectAnswer(path);
    const text = await readText(path, (size) => {
      const tail = tailRange(size, offset, length);
      answer = [tail.next, tail.overflow];
      return tail;
    });
    return text === undefined ? ["", 0, false] : [text, ...answer];
  } catch (error) {
    // As in supervisord: a caller who asks again and again goes on where it was.
    if (error instanceof Fault) return ["", offset, false];
    throw error;
  }
}

/** A larger part of a log is cut to its last bytes: it would pass through the daemon's memory. */
const LONGEST_ANSWER = 4 * 2 ** 20;

/**
 * The chosen part of a file as text, with what is no UTF-8 replaced; undefined when there is no such
 * file.
 * @throws Fault FAILED when it cannot be read
 */
async function readText(
  path: string,
  choose: (size: number) => Range,
): Promise<string | undefined> {
  try {
    const bytes = await readFilePart(path, (size) => lastOf(choose(size)));
    return bytes?.toString("utf8");
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("FAILED", `cannot read ${path}: ${error}`, { cause: error });
  }
}

function lastOf({ offset, length }: Range): Range {
  const excess = Math.max(0, length - LONGEST_ANSWER);
  return { offset: offset + excess, length: length - excess };
}

/** @throws Fault NOT_RUNNING, NO_FILE when nobody reads its stdin, FAILED when there is no room */
function send(process: Supervised, name: string, chars: string): true {
  if (process.pid === 0 || process.state.name === "STOPPING") throw new Fault("NOT_RUNNING", name);
  const message = Buffer.from(chars);
  const sent = process.maker.stdio.input?.send(message) ?? "closed";
  if (sent === "closed") throw new Fault("NO_FILE", name);
  if (sent === "full") {
    const most = `at most ${MOST_INPUT} bytes wait for a process`;
    throw new Fault("FAILED", `${name} does not read its stdin: ${most}, nothing was sent`);
  }
  return true;
}
