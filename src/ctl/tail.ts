import { Fault } from "../faults.ts";
import { ServerError } from "../rpc/client.ts";
import { parseOptions, showLogs } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

const DEFAULT_BYTES = 1_600;

interface Request {
  name: string;
  channel: "stdout" | "stderr";
  /** "follow", or how many of the last bytes; 0 for the whole log. */
  extent: "follow" | number;
}

/** `tail [-f|-N] NAME [stdout|stderr]`, and with lines `tail [-f] -n N NAME [stdout|stderr]`. */
export async function tail(session: Session, words: readonly string[]): Promise<void> {
  if (asksForLines(words)) {
    await tailLines(session, words);
    return;
  }
  const request = parse(words);
  if (request.extent === "follow") await follow(session, request);
  else await last(session, request, request.extent);
}

/** `maintail [-f|-N]`: the daemon's own log. */
export async function mainTail(session: Session, words: readonly string[]): Promise<void> {
  const extent = mainExtent(words);
  if (extent === "follow") {
    await followPath(session, "/mainlogtail");
    return;
  }
  const read = () => session.client.call("supervisor.readLog", { offset: -extent, length: 0 });
  await show(session, "supervisord", read);
}

/** @throws UsageError */
function mainExtent([modifier, ...more]: readonly string[]): Request["extent"] {
  if (more.length > 0) throw new UsageError("Error: too many arguments", true);
  return modifier === undefined ? DEFAULT_BYTES : parseExtent(modifier);
}

/** @throws UsageError in supervisorctl's words */
function parse(words: readonly string[]): Request {
  if (words.length === 0) throw new UsageError("Error: too few arguments", true);
  if (words.length > 3) throw new UsageError("Error: too many arguments", true);
  const [first = "", ...others] = words;
  const modified = first.startsWith("-");
  const [name, channel = "stdout"] = modified ? others : words;
  if (name === undefined) throw new UsageError("Error: tail requires process name");
  const lower = channel.toLowerCase();
  if (lower !== "stdout" && lower !== "stderr") {
    throw new UsageError(`Error: bad channel '${channel}'`);
  }
  return { name, channel: lower, extent: modified ? parseExtent(first) : DEFAULT_BYTES };
}

/** `tail --json`: the text with its name, or with -n a line for each. */
export async function readTail(session: Session, words: readonly string[]): Promise<unknown> {
  if (asksForLines(words)) {
    const { follow, lines, request } = readLineWords(words);
    if (follow) throw new UsageError(FOLLOWS);
    const query = { lines, stream: request.channel };
    return await session.client.call("drover.readLogs", { names: [request.name], query });
  }
  const { name, channel, extent } = parse(words);
  if (extent === "follow") throw new UsageError(FOLLOWS);
  return { name, stream: channel, text: await readLast(session, { name, channel }, extent) };
}

/** `maintail --json`. */
export async function readMainTail(session: Session, words: readonly string[]): Promise<string> {
  const extent = mainExtent(words);
  if (extent === "follow") throw new UsageError(FOLLOWS);
  return await session.client.call("supervisor.readLog", { offset: -extent, length: 0 });
}

const FOLLOWS = "Error: tail -f has no --json; logs -f --json follows";

const asksForLines = (words: readonly string[]): boolean =>
  words.some((word) => /^(?:-f?n|--lines)/.test(word));

function readLineWords(words: readonly string[]) {
  const { values, positionals } = parseOptions(words, {
    follow: { type: "boolean", short: "f", default: false },
    lines: { type: "string", short: "n", default: "" },
  });
  return { ...values, request: parse(positionals) };
}

async function tailLines(session: Session, words: readonly string[]): Promise<void> {
  const { follow, lines, request } = readLineWords(words);
  const { name, channel } = request;
  if (follow) session.print("==> Press Ctrl-C to exit <==");
  const parameters = { lines, stream: channel, format: "raw", ...(follow && { follow: "yes" }) };
  await showLogs(session, [name], parameters);
}

function parseExtent(modifier: string): Request["extent"] {
  if (modifier === "-f") return "follow";
  if (/^-\d+$/.test(modifier)) return Number(modifier.slice(1));
  throw new UsageError(`Error: bad argument ${modifier}`);
}

const texts: Partial<Record<string, string>> = {
  NO_FILE: "no log file",
  FAILED: "unknown error reading log",
  BAD_NAME: "no such process name",
};

const last = (session: Session, request: Request, bytes: number): Promise<void> =>
  show(session, request.name, () => readLast(session, request, bytes));

/** @throws Fault */
function readLast(
  { client }: Session,
  { name, channel }: Pick<Request, "name" | "channel">,
  bytes: number,
): Promise<string> {
  const method =
    channel === "stdout" ? "supervisor.readProcessStdoutLog" : "supervisor.readProcessStderrLog";
  const range = bytes === 0 ? { offset: 0, length: 0 } : { offset: -bytes, length: 0 };
  return client.call(method, { name, ...range });
}

async function show(session: Session, name: string, read: () => Promise<string>): Promise<void> {
  try {
    session.print(await read());
  } catch (error) {
    const text = error instanceof Fault ? texts[error.fault] : undefined;
    if (text === undefined) throw error;
    session.print(`${name}: ERROR (${text})`);
    session.exitCode = exit.generic;
  }
}

const follow = (session: Session, { name, channel }: Request): Promise<void> =>
  followPath(session, `/logtail/${encodeURIComponent(name)}/${channel}`);

async function followPath(session: Session, path: string): Promise<void> {
  session.print("==> Press Ctrl-C to exit <==");
  const signal = session.interrupted();
  try {
    await session.client.follow(path, (chunk) => session.output(chunk), signal);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const missing = error.reason.startsWith("status code");
    const reason = missing
      ? `Cannot read, ${error.reason}`
      : `Cannot connect, error: ${error.reason}`;
    session.complain(`${session.client.url}${path} ${reason}`);
  }
  if (signal.aborted) session.print("");
}
