import { setTimeout as sleep } from "node:timers/promises";
import type { EventRecord } from "../events/json.ts";
import { type Client, connect as connectTo, ServerError } from "../rpc/client.ts";
import { linesOf } from "../rpc/lines.ts";
import { type GivenParams, type MethodName, methods, type Result } from "../rpc/methods.ts";
import type { LogLine } from "../rpc/results.ts";

export interface ClientOptions {
  /** `unix:///path/to/socket` or `http://host:port`. */
  url: string;
  username?: string;
  password?: string;
  /**
   * Wait for a server that is not there, as while droverd is restarted, for at most so many
   * milliseconds; 0: not at all. A call that has reached a server is never made twice.
   */
  reconnectMs?: number;
}

type ShortName = { [M in MethodName]: M extends `${string}.${infer S}` ? S : never }[MethodName];
/** A method by its full name, or by what comes after the dot where that is enough. */
type CallName = MethodName | ShortName;
type FullName<N extends CallName> = N extends MethodName
  ? N
  : Extract<MethodName, `${string}.${N}`>;

/** Parameters may be left out where there are none that a call must give. */
type Args<M extends MethodName> =
  Record<string, never> extends GivenParams<M>
    ? [params?: GivenParams<M>]
    : [params: GivenParams<M>];

export interface LogsQuery {
  /** The last so many lines of each log; 100 when not given, 10 when following. */
  lines?: number | "all";
  /** Nothing older: `10m`, `2h30m`, or a time. */
  since?: string | Date;
  /** Only lines with this text or RE2 pattern. */
  grep?: string;
  stream?: "stdout" | "stderr";
  /** Go on with what comes. */
  follow?: boolean;
  signal?: AbortSignal;
}

export interface EventsQuery {
  /** Only these and what is below them, such as `PROCESS_STATE`; all that are kept when not given. */
  types?: readonly string[];
  /** From the one after this number; from now on when not given. */
  after?: number;
  /** Go on with what comes: true when not given. */
  follow?: boolean;
  signal?: AbortSignal;
}

export interface DroverClient {
  /**
   * Calls a method: `await client.call("startProcess", { name: "web" })`. docs/rpc.md has them all.
   * @throws Fault from the method; ServerError when there is no drover to answer
   */
  call<N extends CallName>(name: N, ...args: Args<FullName<N>>): Promise<Result<FullName<N>>>;
  /**
   * Lines of logs, those of several in the order of their times. droverd waits for who takes them
   * slowly. With reconnectMs a stream that follows goes on with another droverd: with what is written
   * from then on, and where the lines have times with what was written meanwhile.
   * @param names of processes, groups as `group:*`, or "all"
   * @throws Fault; ServerError
   */
  logs(names: string | readonly string[], query?: LogsQuery): AsyncGenerator<LogLine, void>;
  /**
   * Events, as docs/events.md has them. With reconnectMs a stream that follows goes on with another
   * droverd where it was: with `event_log=` none is missing. A GAP tells of those that were not to be
   * had.
   * @throws Fault; ServerError
   */
  events(query?: EventsQuery): AsyncGenerator<EventRecord, void>;
}

/** A client of a droverd. It holds no connection between calls, and needs no closing. */
export function connect(options: string | ClientOptions): DroverClient {
  const { reconnectMs = 0, ...address } = typeof options === "string" ? { url: options } : options;
  const client = connectTo(address);
  return {
    call: (name, ...[params]) =>
      untilThere(reconnectMs, () => client.call(fullName(name), (params ?? {}) as never)) as never,
    logs: (names, query = {}) => logs(client, [names].flat(), query, reconnectMs),
    events: (query = {}) => events(client, query, reconnectMs),
  };
}

function fullName(name: string): MethodName {
  if (name.includes(".")) return name as MethodName;
  const found = Object.keys(methods).find((method) => method.split(".")[1] === name);
  return (found ?? name) as MethodName;
}

const RETRY_MS = 100;

/** Nobody was there to be asked. */
const isAbsent = (error: unknown): boolean =>
  error instanceof ServerError && ["ENOENT", "ECONNREFUSED", "503"].includes(error.reason);

async function untilThere<T>(withinMs: number, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isAbsent(error) || performance.now() + RETRY_MS > deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/**
 * Reads a stream of JSON objects, one a line, on and on where that is wanted.
 * @param open is told whether there was one before, which was lost
 */
async function* objects<T>(
  open: (again: boolean) => AsyncGenerator<Buffer, void>,
  { reconnectMs, isOver }: { reconnectMs: number; isOver: () => boolean },
): AsyncGenerator<T, void> {
  for (let again = false; ; again = true) {
    try {
      const { first, stream } = await untilThere(reconnectMs, async () => {
        const lines = linesOf(open(again));
        return { first: await lines.next(), stream: lines };
      });
      try {
        for (let next = first; !next.done; next = await stream.next()) {
          yield JSON.parse(next.value) as T;
        }
      } finally {
        // Who takes no more of it has no use for its connection.
        await stream.return();
      }
    } catch (error) {
      const isLost = error instanceof ServerError && !isAbsent(error);
      if (!isLost || reconnectMs === 0 || isOver()) throw error;
    }
    if (reconnectMs === 0 || isOver()) return;
  }
}

async function* logs(
  client: Client,
  names: readonly string[],
  query: LogsQuery,
  reconnectMs: number,
): AsyncGenerator<LogLine, void> {
  const { signal, follow = false } = query;
  const parameters = parametersOf(query);
  const { lines: _, since: __, ...others } = parameters;
  let latest: string | undefined;
  const isOver = () => !follow || signal?.aborted === true;
  const open = (again: boolean) => {
    const rest = { ...others, ...(latest ? { since: latest } : { lines: "0" }) };
    return client.logs(names, again ? rest : parameters, signal);
  };
  for await (const line of objects<LogLine>(open, { reconnectMs, isOver })) {
    latest = line.time ?? latest;
    yield line;
  }
}

async function* events(
  client: Client,
  { types = [], after, follow = true, signal }: EventsQuery,
  reconnectMs: number,
): AsyncGenerator<EventRecord, void> {
  const asked = {
    ...(types.length > 0 && { types: types.join() }),
    ...(!follow && { follow: "no" }),
  };
  let latest = after;
  const isOver = () => !follow || signal?.aborted === true;
  const open = () => {
    const parameters = { ...asked, ...(latest !== undefined && { after: String(latest) }) };
    // Nothing may have come by the time that the stream is lost.
    return client.events(parameters, (newest) => (latest ??= newest), signal);
  };
  for await (const event of objects<EventRecord>(open, { reconnectMs, isOver })) {
    const { number, before } = event;
    if (number !== undefined) latest = number;
    else if (event.type === "GAP" && before !== undefined) latest = before - 1;
    yield event;
  }
}

function parametersOf({ lines, since, grep, stream, follow }: LogsQuery): Record<string, string> {
  return {
    format: "json",
    ...(lines !== undefined && { lines: String(lines) }),
    ...(since !== undefined && { since: since instanceof Date ? since.toISOString() : since }),
    ...(grep !== undefined && { grep }),
    ...(stream !== undefined && { stream }),
    ...(follow && { follow: "yes" }),
  };
}
