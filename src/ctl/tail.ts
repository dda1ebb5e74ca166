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
  if (words.some((word) => /^(?:-f?n|--lines)/.test(word))) {
    await tailLines(session, words);
    return;
  }
  const request = parse(words);
  if (request.extent === "follow") await follow(session, request);
  else await last(session, request, request.extent);
}

/** `maintail [-f|-N]`: the daemon's own log. */
export async function mainTail(session: Session, words: readonly string[]): Promise<void> {
  if (words.length > 1) throw new UsageError("Error: too many arguments", true);
  const [modifier] = words;
  const extent = modifier === undefined ? DEFAULT_BYTES : parseExtent(modifier);
  if (extent === "follow") {
    await followPath(session, "/mainlogtail");
    return;
  }
  const read = () => session.client.call("supervisor.readLog", { offset: -extent, length: 0 });
  await show(session, "supervisord", read);
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

async function tailLines(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals } = parseOptions(words, {
    follow: { type: "boolean", short: "f", default: false },
    lines: { type: "string", short: "n", default: "" },
  });
  const { name, channel } = parse(positionals);
  const { follow, lines } = values;
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

async function last(session: Session, { name, channel }: Request, bytes: number): Promise<void> {
  const method =
    channel === "stdout" ? "supervisor.readProcessStdoutLog" : "supervisor.readProcessStderrLog";
  const range = bytes === 0 ? { offset: 0, length: 0 } : { offset: -bytes, length: 0 };
  await show(session, name, () => session.client.call(method, { name, ...range }));
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
    await session.client.follow(path, (chunk) => session.write(chunk), signal);
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
