import { stat } from "node:fs/promises";
import { suggest } from "../config/problems.ts";
import { Fault } from "../faults.ts";
import { type LogQuery, readQuery } from "../logs/query.ts";
import { errnoOf } from "../os/errno.ts";
import { byName, namespec, parseNamespec } from "../process/order.ts";
import type { Content, GrowingLog, LogService } from "../rpc/http.ts";
import { isScarce } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import { followLog, readLogs, type SelectedLog } from "./logreading.ts";
import type { Sink } from "./sink.ts";
import type { Sinks } from "./sinks.ts";
import type { StreamLimits } from "./streamlimits.ts";
import type { Supervised } from "./supervised.ts";

interface Places {
  fleet: Fleet;
  sinks: Sinks;
  /** Path of the daemon's own log; undefined: it goes to syslog. */
  mainLog: string | undefined;
  limits: StreamLimits;
}

/** Gives clients what they ask for of logs, within bounds. */
export function createLogService(places: Places): LogService {
  const { fleet, sinks, mainLog, limits } = places;
  const follow = async (file: string | undefined): Promise<GrowingLog | undefined> => {
    const sink = file === undefined ? undefined : sinks.get(file);
    if (!sink) return undefined;
    await sinks.expectAnswer(sink.spec.path);
    const content = await limits.within(1, () => orFailed(() => followLog(sink)));
    return content && { content, modified: await modifiedOf(sink) };
  };
  return {
    follow: (name, stream) => follow(fleet.logOf(name, stream)),
    followMain: () => follow(mainLog),
    async read(names, parameters, signal): Promise<Content> {
      const query = await readQuery(parameters, Date.now());
      const logs = select(names, query, fleet, sinks);
      await Promise.all(logs.map(({ sink }) => sinks.expectAnswer(sink.spec.path)));
      const read = () => orFailed(() => readLogs(logs, query, signal));
      return {
        type: query.json ? "json" : "text",
        content: await limits.within(logs.length, read),
      };
    },
  };
}

/** Of a file that has just been moved away it is now, when the new one begins. */
const modifiedOf = (sink: Sink): Promise<Date> =>
  stat(sink.spec.path).then(
    ({ mtime }) => mtime,
    () => new Date(),
  );

/** What somebody may do something about is told in words. */
async function orFailed<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isScarce(error)) throw new Fault("FAILED", "droverd has too many open files just now");
    if (errnoOf(error) === undefined) throw error;
    throw new Fault("FAILED", `the log cannot be read: ${error}`, { cause: error });
  }
}

/** @throws Fault BAD_NAME, NO_FILE */
function select(
  names: readonly string[],
  { streams }: LogQuery,
  fleet: Fleet,
  sinks: Sinks,
): SelectedLog[] {
  const processes = new Set(names.flatMap((name) => find(name, fleet)));
  const owners = new Map<Sink, { process: Supervised; stream: string }[]>();
  for (const process of processes) {
    for (const stream of streams) {
      const file = process.logfile(stream);
      const sink = file === undefined ? undefined : sinks.get(file);
      if (sink) owners.set(sink, [...(owners.get(sink) ?? []), { process, stream }]);
    }
  }
  if (owners.size === 0) {
    const none = streams.length > 1 ? "no log" : `no log of ${streams[0]}`;
    throw new Fault("NO_FILE", `${names.join(", ")}: ${none}`);
  }
  return [...owners].map(([sink, own]) => ({ sink, origin: originOf(own) }));
}

/** Several processes may share a log: its lines are then of them all. */
function originOf(owners: readonly { process: Supervised; stream: string }[]) {
  const streams = new Set(owners.map(({ stream }) => stream));
  const names = new Set(owners.map(({ process }) => namespec(process.config)));
  const groups = new Set(owners.map(({ process }) => process.config.group));
  const [group] = groups;
  const [name = ""] = names;
  const shared =
    groups.size === 1 ? `${group}:*` : [...groups].map((each) => `${each}:*`).join(",");
  return {
    name: names.size === 1 ? name : shared,
    stream: streams.size === 1 ? [...streams].join() : "both",
  };
}

/** @throws Fault BAD_NAME, with the nearest name that there is */
function find(name: string, fleet: Fleet): readonly Supervised[] {
  if (name === "all") return fleet.listed;
  try {
    return [fleet.find(name)].flat().toSorted((a, b) => byName(a.config, b.config));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { process } = parseNamespec(name);
    const known = new Set(
      process === undefined
        ? fleet.listed.map(({ config }) => `${config.group}:*`)
        : fleet.listed.map(({ config }) => namespec(config)),
    );
    throw new Fault("BAD_NAME", `${name}${suggest(name, known)}`, { cause: error });
  }
}
