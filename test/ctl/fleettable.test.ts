import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatBytes, formatFleet, rowsOf, type Sampled } from "../../src/ctl/fleettable.ts";
import { widthOf } from "../../src/ctl/printable.ts";
import { formatProgress } from "../../src/ctl/progress.ts";
import { verdictOf } from "../../src/ctl/verdict.ts";
import { type StateName, stateCodes } from "../../src/process/states.ts";

const NOW = 1_000_000;

/** One process in a state; all else as it would be then. */
function process(name: string, statename: StateName, more: Partial<Sampled> = {}): Sampled {
  const pid = statename === "RUNNING" ? 4_711 : 0;
  return {
    ...{ name, group: name, program: name, start: 0, stop: 0, now: NOW, spawnerr: "", pid },
    ...{ state: stateCodes[statename], statename, exitstatus: 0, description: "", logfile: "" },
    ...{ stdout_logfile: "", stderr_logfile: "", restarts: 0, next_start: null, last_exit: null },
    uptime: pid > 0 ? 200 : 0,
    usage: pid > 0 ? { cpu_seconds: 50, memory: 24 * 2 ** 20, processes: 1 } : null,
    ...more,
  };
}

const copy = (number: number, statename: StateName, more: Partial<Sampled> = {}): Sampled =>
  process(`worker_${number}`, statename, { group: "worker", program: "worker", ...more });

const failed = { time: NOW - 65, cause: "exit status 3", expected: false };

const table = (processes: readonly Sampled[], { unfold = false, width = 100 } = {}): string[] =>
  formatFleet(rowsOf(processes, unfold), width).map((line) =>
    stripVTControlCharacters(line).trimEnd(),
  );

test("the copies of a program are one line, and below it those that are not as the others", () => {
  const fleet = [
    process("cron", "FATAL", { spawnerr: "can't find command 'cron'" }),
    process("mail", "RUNNING", { restarts: 2, last_exit: failed }),
    copy(0, "RUNNING"),
    copy(1, "BACKOFF", { next_start: NOW + 5, restarts: 3, last_exit: failed }),
    copy(2, "RUNNING", { uptime: 100 }),
  ];
  expect(table(fleet)).toEqual([
    "NAME        STATE         PID  UPTIME  RESTARTS  CPU  MEMORY  LAST EXIT",
    "cron        fatal                             0               can't find command 'cron'",
    "mail        running      4711  3m 20s         2  25%     24M  exit status 3, 1m 5s ago",
    "worker      2/3 running        1m 40s         3  75%     48M  exit status 3, 1m 5s ago",
    "  worker_1  backoff             in 5s         3               exit status 3, 1m 5s ago",
  ]);
  expect(table(fleet, { unfold: true }).map((line) => line.split(" ")[0])).toEqual([
    ...["NAME", "cron", "mail", "worker:worker_0", "worker:worker_1", "worker:worker_2"],
  ]);
  expect(table([copy(0, "STOPPED"), copy(1, "STOPPED")])[1]).toMatch(/^worker {2}2 stopped/);
  expect(table([])).toEqual(["no processes"]);
});

test("that a process runs is not all there is to tell", () => {
  const fleet = [
    process("db", "RUNNING", { ready: false }),
    process("hung", "RUNNING", { health: "unhealthy", unhealthy_because: "no heartbeat for 30s" }),
    process("late", "STOPPED", { waits_for: ["db (not ready)"] }),
    process("old", "RUNNING", { stale: "a.php has changed since it was started" }),
    process("resting", "RUNNING", { quiet: "quiet" }),
    process("soon", "RUNNING", { quiet: "asked", says: "2 jobs left" }),
    process("well", "RUNNING", { ready: true, health: "healthy" }),
  ];
  expect(table(fleet, { width: 120 }).map((line) => line.replace(/ +4711 .* 24M/, " ..."))).toEqual(
    [
      "NAME     STATE       PID  UPTIME  RESTARTS  CPU  MEMORY  LAST EXIT                               SAYS",
      "db       not ready ...",
      "hung     unhealthy ...  no heartbeat for 30s",
      "late     waiting                         0               waits for db (not ready)",
      "old      stale ...  a.php has changed since it was started",
      "resting  quiet ...",
      "soon     quieting ...                                          2 jobs left",
      "well     running ...",
    ],
  );
  const copies = [copy(0, "RUNNING"), copy(1, "RUNNING", { stale: "older" }), copy(2, "RUNNING")];
  expect(
    table(copies)
      .slice(1)
      .map((line) => line.slice(0, 26)),
  ).toEqual(["worker      2/3 running   ", "  worker_1  stale        4"]);
});

test("copies of a program in a group of several are one line for each program", () => {
  const member = (name: string, program: string) =>
    process(name, "RUNNING", { group: "shop", program });
  const fleet = [member("a_0", "a"), member("a_1", "a"), member("b", "b")];
  expect(
    table(fleet)
      .slice(1)
      .map((line) => line.split(/ {2,}/)[0]),
  ).toEqual(["shop:a", "shop:b"]);
});

test("on a narrow terminal columns go, the least telling first", () => {
  const fleet = [process("a-very-long-name-of-a-program", "RUNNING"), copy(0, "BACKOFF")];
  expect(table(fleet, { width: 40 })[0]).toBe("NAME             STATE    UPTIME  MEMORY");
  expect(table(fleet, { width: 20 })).toEqual([
    "NAME         STATE",
    "a-very-lon…  running",
    "worker:wor…  backoff",
  ]);
});

const states = fc.constantFrom(...(Object.keys(stateCodes) as StateName[]));

test("no line is wider than the terminal, and none has what a terminal acts on but colours", () => {
  const anyProcess = fc
    .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), states, fc.string())
    .map(([name, state, cause]) =>
      process(name, state, { last_exit: { ...failed, cause }, spawnerr: cause }),
    );
  fc.assert(
    fc.property(fc.array(anyProcess), fc.integer({ min: 20, max: 200 }), (fleet, width) => {
      for (const line of formatFleet(rowsOf(fleet, true), width)) {
        expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(stripVTControlCharacters(line)).not.toMatch(/\p{Cc}/u);
      }
    }),
  );
});

test.each([
  [0, "0B"],
  [999, "999B"],
  [1_024, "1.0K"],
  [24 * 2 ** 20, "24M"],
  [1_000 * 2 ** 20, "1.0G"],
  [5 * 2 ** 40, "5.0T"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

const ended = { ...failed, expected: true };

test.each<[string, number, Sampled[]]>([
  ["nothing", 0, []],
  [
    "one that is unhealthy",
    1,
    [process("a", "RUNNING", { health: "unhealthy" }), copy(0, "RUNNING")],
  ],
  ["one of an older release", 0, [process("a", "RUNNING", { stale: "older" })]],
  ["one that waits for another", 1, [process("a", "STOPPED", { waits_for: ["b (FATAL)"] })]],
  ["all up", 0, [process("a", "RUNNING"), process("b", "RUNNING")]],
  ["one stopped by somebody", 0, [process("a", "RUNNING"), process("b", "STOPPED")]],
  ["one that has done its work", 0, [process("a", "EXITED", { last_exit: ended })]],
  ["one that has failed", 2, [process("a", "EXITED", { last_exit: failed })]],
  ["one of two waiting", 1, [process("a", "RUNNING"), process("b", "BACKOFF")]],
  ["one of two given up", 1, [process("a", "RUNNING"), process("b", "FATAL")]],
  ["all on their way up", 1, [process("a", "STARTING"), process("b", "STARTING")]],
  ["all given up", 2, [process("a", "FATAL"), process("b", "BACKOFF")]],
])("the verdict on a fleet with %s is %i", (_, verdict, fleet) => {
  expect(verdictOf(fleet)).toBe(verdict);
});

test("progress tells how many are done, and for whom one waits", () => {
  const isDone = (state: StateName) => state === "STOPPED";
  const told = (entries: [string, StateName][]) =>
    formatProgress({ doing: "stopping", isDone }, new Map(entries), 12);
  const stopping: [string, StateName][] = ["a", "b", "c", "d", "e"].map((n) => [n, "STOPPING"]);
  expect(told([["x", "STOPPED"], ...stopping])).toBe(
    "stopping 1/6 ... waiting for a, b, c and 2 more, 12s",
  );
  expect(told([["a", "STOPPED"]])).toBe("stopping 1/1 ...");
});
