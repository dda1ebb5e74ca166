/** Runs one configuration on the real supervisord and on droverd, and says what came of it. */

import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import path from "node:path";
import type { Case } from "./cases.ts";
import { droverd, eventually, root } from "./daemon.ts";
import { ask, type Info } from "./xmlrpc.ts";

/** A process as it saw itself. */
interface Report {
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  /** Umask, ids and supplementary groups, as lines of /proc/self/status. */
  status: string[];
}

/** What a daemon made of a configuration: the same for two daemons that agree. */
export interface Outcome {
  /** `refused`: exit code 2 with nothing started. */
  verdict: string;
  reports?: Report[];
  /** The processes that are up, in their order of starting, as the daemon says on stdout. */
  spawned?: string[];
  /** The processes in the server's order; undefined when there is no server at `s.sock`. */
  processes?: Info[] | undefined;
  /** Every option of every process; undefined unless both servers can tell. */
  options?: Info[] | undefined;
  /** For a person who reads a failure; not compared. */
  said?: string;
  /** What lies in the folder once the daemon is gone: names, modes and contents. */
  files?: string[];
}

const SETTLED_WITHIN_MS = 12_000;
const GONE_WITHIN_MS = 20_000;
/** Often enough not to wait, and not so often that asking is what costs. */
const ASKED_EVERY_MS = 100;

const daemons = {
  supervisord: ["/usr/bin/env", "supervisord"],
  droverd: [process.execPath, droverd],
} as const;

export type DaemonName = keyof typeof daemons;

/** Runs `given` in `dir`, which is empty, until everything has started; then ends it. */
export async function outcomeOf(name: DaemonName, given: Case, dir: string): Promise<Outcome> {
  prepare(given, dir);
  const port = await freePort();
  const [file, ...first] = daemons[name];
  const child = spawn(file, [...first, "-n", "-c", path.join(dir, "main.conf")], {
    cwd: dir,
    env: environment(given, dir, port),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const run: Run = { given, dir, child, said: "", normal: normaliser(dir, port) };
  child.stdout.on("data", (chunk) => {
    run.said += chunk;
  });
  child.stderr.on("data", (chunk) => {
    run.said += chunk;
  });
  // `close` and not `exit`: all that it said has then been read.
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  try {
    const ended = closed.then(() => "ended" as const);
    const result = await Promise.race([settled(run), ended]);
    if (result === "ended") return { verdict: verdictOf(run), said: run.said };
    await end(run, closed);
    const finalReports = readReports(run);
    if (given.compare === "verdict") return { verdict: "runs" };
    const down = new Set(
      result.processes?.filter(({ state }) => state !== "up").map(({ name }) => name),
    );
    const spawned = spawnedBy(run).filter((name) => !down.has(name));
    return { verdict: "runs", ...result, reports: finalReports, spawned, files: remains(run) };
  } finally {
    await end(run, closed);
  }
}

interface Run {
  given: Case;
  dir: string;
  child: ChildProcess;
  /** stdout and stderr so far. */
  said: string;
  normal: (text: string) => string;
}

export function prepare({ files }: Case, dir: string): void {
  chmodSync(dir, 0o755); // some children are of another user
  const reports = path.join(dir, "reports");
  mkdirSync(reports);
  chmodSync(reports, 0o777);
  mkdirSync(path.join(dir, "tmp"));
  copyFileSync(path.join(root, "test/fixtures/report.sh"), path.join(dir, "report"));
  chmodSync(path.join(dir, "report"), 0o755);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(name.endsWith("/") ? file : path.dirname(file), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(file, content);
  }
}

export const environment = ({ env }: Case, dir: string, port: number): NodeJS.ProcessEnv => ({
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
  HOME: dir,
  TMPDIR: path.join(dir, "tmp"),
  XDG_RUNTIME_DIR: path.join(dir, "tmp"),
  PORT: String(port),
  ...env,
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** What differs between two runs of one configuration: folder, port, and the names of AUTO logs. */
const normaliser = (dir: string, port: number) => (text: string) =>
  text
    .replaceAll(dir, "DIR")
    .replaceAll(String(port), "PORT")
    .replaceAll(/(---\S*?-)[a-z0-9_]{8}(\.log)/g, "$1XXXXXXXX$2");

/** Waits until everything that starts has started, and reads what only a living daemon tells. */
async function settled(run: Run): Promise<Pick<Outcome, "processes" | "options">> {
  const { reports: wanted = 1 } = run.given;
  return eventually(
    `${wanted} reports in ${run.given.name}: ${run.said}`,
    async () => {
      // Asked first: supervisord looks up from its wait of one second when it is asked something.
      const all = await ask(socketOf(run), "supervisor.getAllProcessInfo");
      if (!isAlive(run) || readReports(run).length < wanted) return undefined;
      if (!all) return {};
      if (!all.every(isSettled)) return undefined;
      // Who is up and has not reported may be a child on its way to its end.
      const up = all.filter(({ pid }) => pid !== 0);
      if (up.length > wanted && up.some(({ statename }) => statename === "STARTING"))
        return undefined;
      const options = await ask(socketOf(run), "supervisor.getAllConfigInfo");
      return {
        processes: all.map((info) => describe(info, run)),
        ...(options && { options: inUse(options, all).map((info) => normalised(info, run)) }),
      };
    },
    SETTLED_WITHIN_MS,
    ASKED_EVERY_MS,
  );
}

/**
 * supervisord lists also what has the name of another, and does not run; an empty name of a log, which
 * is none, it calls by its name.
 */
function inUse(options: readonly Info[], processes: readonly Info[]): Info[] {
  const nameOf = ({ group, name }: Info) => `${group}:${name}`;
  const names = new Set(processes.map(nameOf));
  const used = options.filter((info) => names.has(nameOf(info)));
  const byName = new Map(used.map((info) => [nameOf(info), info]));
  const named = (log: unknown) => (log === "" ? "none" : log);
  return [...byName.values()].map((info) => ({
    ...info,
    stdout_logfile: named(info.stdout_logfile),
    stderr_logfile: named(info.stderr_logfile),
  }));
}

const socketOf = ({ dir }: Run): string => path.join(dir, "s.sock");

const isAlive = ({ child }: Run): boolean => child.exitCode === null && child.signalCode === null;

const isSettled = ({ statename, pid }: Info): boolean =>
  statename !== "BACKOFF" && (statename !== "STARTING" || pid !== 0);

/** How far a process is depends on the moment; that it is up does not. */
function describe({ name, group, statename, pid, stdout_logfile, stderr_logfile }: Info, run: Run) {
  const state = pid === 0 ? statename : "up";
  return normalised({ name, group, state, stdout_logfile, stderr_logfile }, run);
}

const normalised = (info: Info, { normal }: Run): Info =>
  Object.fromEntries(
    Object.entries(info).map(([key, value]) => [
      key,
      typeof value === "string" ? normal(value) : value,
    ]),
  );

function verdictOf(run: Run): string {
  const { exitCode, signalCode } = run.child;
  const started = readReports(run).length > 0 || spawnedBy(run).length > 0;
  if (exitCode === 2 && !started) return "refused";
  return `ends with ${exitCode ?? signalCode}${started ? " after a start" : ""}: ${run.said}`;
}

/** Ends the daemon, which ends its children; by force only if it does not. */
async function end(run: Run, closed: Promise<void>): Promise<void> {
  if (!isAlive(run)) return closed;
  run.child.kill("SIGTERM");
  const stuck = setTimeout(() => run.child.kill("SIGKILL"), GONE_WITHIN_MS);
  const woken = setInterval(() => ask(socketOf(run), "supervisor.getState"), ASKED_EVERY_MS);
  await closed;
  clearTimeout(stuck);
  clearInterval(woken);
}

const spawnedBy = ({ said }: Run): string[] =>
  [...said.matchAll(/ spawned: '(.*)' with pid \d+$/gm)].map(([, name]) => name ?? "");

function readReports({ dir, normal }: Run): Report[] {
  const folder = path.join(dir, "reports");
  const read = (file: string) => normal(readFileSync(path.join(folder, file), "utf8"));
  const pids = readdirSync(folder)
    .filter((file) => file.endsWith(".done"))
    .map((file) => path.basename(file, ".done"));
  return pids
    .map((pid) => ({
      argv: read(`${pid}.argv`).split("\0").slice(2, -1), // after the shell and the script
      env: Object.fromEntries(
        read(`${pid}.env`)
          .split("\0")
          .filter(Boolean)
          .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
      ),
      cwd: read(`${pid}.cwd`).replace(/\n$/, ""),
      status: read(`${pid}.status`).match(/^(?:Umask|Uid|Gid|Groups):.*(?=\n)/gm) ?? [],
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** drover's own folder, the reports, and what was there before. */
const notCompared = new Set(["run", "reports", "report", "tmp/drover"]);

function remains({ dir, given, normal }: Run): string[] {
  const files: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(path.join(dir, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (notCompared.has(name) || name in given.files) continue;
      if (entry.isDirectory()) {
        visit(name);
        continue;
      }
      const { mode } = statSync(path.join(dir, name));
      const text = entry.isFile() ? readFileSync(path.join(dir, name), "utf8") : "";
      files.push(`${normal(name)} ${mode.toString(8)} ${normal(contentOf(text))}`);
    }
  };
  visit("");
  return files.sort();
}

/** The daemon's own log says what the daemon says: it only has to be there. */
const contentOf = (text: string): string =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]{4} /.test(text) ? "log of the daemon" : text;
