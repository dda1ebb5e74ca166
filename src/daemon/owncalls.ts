import { masked } from "../config/masking.ts";
import { fcgiOptions, processOptions, programOptions } from "../config/options/programs.ts";
import type { RawSection } from "../config/raw.ts";
import type { OptionRow, Table } from "../config/table.ts";
import { Fault } from "../faults.ts";
import type { LogService } from "../rpc/http.ts";
import type { Handlers } from "../rpc/methods.ts";
import type { ConfiguredOption, LogLine } from "../rpc/results.ts";
import { version } from "../version.ts";
import type { Rollouts } from "./rollouts.ts";
import type { Supervised } from "./supervised.ts";

interface OwnPlaces {
  logs: LogService;
  rollouts: Rollouts;
  /** What a name stands for. @throws Fault BAD_NAME */
  find(name: string): Supervised | Supervised[];
  /** @throws Fault BAD_NAME */
  process(name: string): Supervised;
}

type OwnCalls = Pick<
  Handlers,
  | "drover.getProcessConfig"
  | "drover.readLogs"
  | "drover.rollout"
  | "drover.getRollouts"
  | "drover.controlRollout"
  | "rpc.discover"
>;

/** Calls that supervisord does not have. */
export const ownCalls = ({ logs, rollouts, find, process }: OwnPlaces): OwnCalls => ({
  "drover.rollout": ({ names, options }) =>
    rollouts.begin([...new Set(names.flatMap((name) => find(String(name))))], {
      parallel: numberIn(options, "parallel", 1),
      settleMs: numberIn(options, "settle", 0),
      maxUnavailable: numberIn(options, "max_unavailable", 1),
      surge: numberIn(options, "surge", 0),
    }),
  "drover.getRollouts": () => rollouts.all,
  "drover.controlRollout": ({ group, action }) => {
    const rollout = rollouts.find(group);
    if (action === "pause") rollout.pause();
    else if (action === "resume") rollout.resume();
    else if (action === "abort") rollout.abort();
    else throw new Fault("BAD_ARGUMENTS", `expected pause, resume or abort, got "${action}"`);
    return rollout.status;
  },
  "drover.getProcessConfig": ({ name }) => {
    const { section, socket } = process(name).config;
    const table: Table = { ...programOptions, ...processOptions, ...(socket && fcgiOptions) };
    return Object.entries(table).map(([option, row]) => describe(option, row, section));
  },
  "drover.readLogs": ({ names, query }) => readLines(logs, names, query),
  "rpc.discover": async () => (await import("../rpc/openrpc.ts")).openRpc(version()),
});

/** @throws Fault BAD_ARGUMENTS */
function numberIn(
  options: Readonly<Record<string, string>>,
  name: string,
  least: number,
): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new Fault("BAD_ARGUMENTS", `${name}: expected a number from ${least} on, got "${text}"`);
}

function describe(option: string, row: OptionRow, section: RawSection): ConfiguredOption {
  const value = section.values.get(option);
  if (!value) {
    const text = typeof row.default === "string" ? row.default : null;
    return { option, text, file: null, line: null, section: null };
  }
  const { file, line } = value;
  const text = row.secret ? "***" : masked(value.text);
  return { option, text, file, line, section: value.section };
}

/** A larger answer would pass through the daemon's memory. */
const MOST_BYTES = 4 * 2 ** 20;

/** @throws Fault */
async function readLines(
  logs: LogService,
  names: readonly unknown[],
  query: Readonly<Record<string, string>>,
): Promise<LogLine[]> {
  if (query.follow !== undefined || query.format !== undefined) {
    throw new Fault("BAD_ARGUMENTS", "query: follow and format are for GET /logs");
  }
  const parameters = new URLSearchParams({ ...query, format: "json" });
  const over = new AbortController();
  const { content } = await logs.read(names.map(String), parameters, over.signal);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      over.abort();
      throw new Fault("FAILED", `more than ${MOST_BYTES} bytes: ask for fewer lines, or GET /logs`);
    }
    chunks.push(chunk);
  }
  const lines = Buffer.concat(chunks).toString("utf8").trimEnd();
  return lines === "" ? [] : lines.split("\n").map((line) => JSON.parse(line) as LogLine);
}
