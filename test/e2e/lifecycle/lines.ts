/** The daemon's log, read as what happened to each process. */

export interface Line {
  /** Milliseconds since the Epoch. */
  at: number;
  level: string;
  text: string;
  /** The process that it is about; undefined: the daemon itself. */
  name: string | undefined;
}

/** A line of the log begins so; what does not belongs to the line before. */
const start = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3}) ([A-Z]{4}) (.*)$/s;

/** What a child writes: who, on which stream, and what. */
export const output = /^'([^']+)' (stdout|stderr) output:\n(.*)$/s;

/** Where the name of the process stands. */
const subjects: readonly RegExp[] = [
  /^(?:success|gave up|exited|stopped): (\S+)/,
  /^(?:spawned:|killing|process) '([^']+)'/,
  /^(?:killing|sending|unable to signal|unknown problem killing) (\S+) \(/,
  /^waiting for (\S+) to stop$/,
  /^[Aa]ttempted to (?:kill|send) (\S+?),? /,
  output,
];

/** @param spawnErrors whose they are: the log does not tell */
export function readLog(log: string, spawnErrors: ReadonlyMap<string, string>): Line[] {
  const lines: Line[] = [];
  for (const raw of log.replace(/\n$/, "").split(/\n(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} )/)) {
    const [, day, time, ms, level = "", text = ""] = start.exec(raw) ?? [];
    if (day === undefined) throw new Error(`no line of a log: ${raw}`);
    const at = Date.parse(`${day}T${time}.${ms}Z`);
    lines.push({ at, level, text, name: subjectOf(text, spawnErrors) });
  }
  return lines;
}

function subjectOf(text: string, spawnErrors: ReadonlyMap<string, string>): string | undefined {
  const error = /^spawnerr: (.*)$/s.exec(text)?.[1];
  if (error !== undefined) return spawnErrors.get(error);
  for (const subject of subjects) {
    const name = subject.exec(text)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Pids become the numbers of the process's children: its first is `#1`. */
export function withoutPids(lines: readonly Line[]): Line[] {
  const children = new Map<string, string[]>();
  return lines.map((line) => {
    const { name = "", text } = line;
    const spawned = /^spawned: .* with pid (\d+)$/.exec(text)?.[1];
    const pids = children.get(name) ?? [];
    if (spawned) children.set(name, [...pids, spawned]);
    const known = children.get(name) ?? [];
    const number = (pid: string) => `#${known.lastIndexOf(pid) + 1}`;
    return {
      ...line,
      text: text
        .replace(/\(pid (\d+)\)/, (_, pid) => `(pid ${number(pid)})`)
        .replace(/' \((\d+)\)/, (_, pid) => `' (${number(pid)})`)
        .replace(/^(spawned: .* with pid )(\d+)$/, (_, words, pid) => words + number(pid))
        .replace(/^(supervisord started with pid )\d+$/, "$1PID"),
    };
  });
}

type Step = (now: string) => readonly string[];
const to =
  (...states: string[]): Step =>
  () =>
    states;

/** The states that a line tells of, after the one before. */
const steps: readonly (readonly [RegExp, Step])[] = [
  [/^spawned: /, to("STARTING")],
  [/^spawnerr: /, to("STARTING", "BACKOFF")],
  [/^success: /, to("RUNNING")],
  [/^gave up: /, to("FATAL")],
  [/^stopped: /, to("STOPPED")],
  [/^Attempted to kill /, to("STOPPED")],
  [/^killing \S+ \(pid /, (now) => (now === "STOPPING" ? [] : ["STOPPING"])],
  [/^exited: /, (now) => [now === "RUNNING" ? "EXITED" : "BACKOFF"]],
];

/** The states of each process, as the log tells them. */
export function statesOf(lines: readonly Line[]): Map<string, string[]> {
  const states = new Map<string, string[]>();
  for (const { name, text } of lines) {
    if (name === undefined) {
      // Another life of the daemon begins.
      if (text.startsWith("supervisord started"))
        for (const past of states.values()) past.push("STOPPED");
      continue;
    }
    const past = states.get(name) ?? ["STOPPED"];
    states.set(name, past);
    const step = steps.find(([pattern]) => pattern.test(text))?.[1];
    past.push(...(step?.(past.at(-1) ?? "STOPPED") ?? []));
  }
  return states;
}
