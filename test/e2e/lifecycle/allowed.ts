/** Where the log of droverd need not be that of supervisord, each with its reason. */

import { type Line, output } from "./lines.ts";
import { optionsOf } from "./options.ts";
import type { Whose } from "./peer.ts";
import type { Scenario } from "./scenario.ts";

interface Allowance {
  whose: Whose | "both";
  why: string;
  /** The lines as they would be but for this. */
  without(lines: readonly Line[], scenario: Scenario): readonly Line[];
}

const drop =
  (text: RegExp): Allowance["without"] =>
  (lines) =>
    lines.filter((line) => !text.test(line.text));

const allowances: readonly Allowance[] = [
  {
    whose: "theirs",
    why: "debugging of its polling, with the addresses of Python objects",
    without: drop(/^fd \d+ closed, stopped monitoring /),
  },
  {
    whose: "both",
    why: "one for each tick that saw a death there, and one for each signal of the kernel here",
    without: drop(/^received SIGCHLD indicating a child quit$/),
  },
  {
    whose: "both",
    why: "output comes in other chunks; it is compared as a whole",
    without: drop(output),
  },
  {
    whose: "ours",
    why: "tells which file cannot be opened, where supervisord's words do not",
    without: drop(/^unknown error making dispatchers for '.*': \S+ \(Error: /),
  },
  {
    whose: "ours",
    why: "who has asked for a change is written down",
    without: drop(/^audit: /),
  },
  {
    whose: "theirs",
    why: "what ends between two of its ticks goes without the word of success",
    without: withSuccess,
  },
  {
    whose: "theirs",
    why: "with stopwaitsecs=0 it kills at every pass of its loop until it sees the child's end",
    without: withoutSpinning,
  },
  {
    whose: "both",
    why: "how often SIGKILL is repeated depends on how late the child's end can be seen",
    without: (lines) => atMost(lines, 3, /^killing .*with (?:signal )?SIGKILL$/),
  },
  {
    whose: "both",
    why: "how often what fails was tried until the next act depends on how quick the test is",
    without: withoutRetries,
  },
  {
    whose: "both",
    why: "said again and again while one waits; how often and when is compared where it counts",
    without: drop(/^waiting for \S+ to stop$/),
  },
  {
    whose: "both",
    why: "as above",
    without: (lines) => atMost(lines, 1, /^waiting for .* to die$/),
  },
];

/** The lines that are to be the same. */
export const comparable = (
  lines: readonly Line[],
  whose: Whose,
  scenario: Scenario,
): readonly Line[] =>
  allowances
    .filter((allowance) => ["both", whose].includes(allowance.whose))
    .reduce((left, { without }) => without(left, scenario), lines);

function withSuccess(lines: readonly Line[], { programs }: Scenario): Line[] {
  return lines.flatMap((line, index) => {
    const { name = "", text } = line;
    const next = nextOf(lines, index);
    const { startsecs } = optionsOf(programs, name) ?? {};
    if (startsecs === undefined || !text.startsWith("spawned: ")) return [line];
    const at = line.at + startsecs * 1_000;
    if (!next?.text.startsWith("exited: ") || next.at < at) return [line];
    return [line, { at, name, level: "INFO", text: success(name, startsecs) }];
  });
}

const success = (name: string, startsecs: number): string =>
  `success: ${name} entered RUNNING state, process has stayed up for > than ${startsecs} seconds (startsecs)`;

const nextOf = (lines: readonly Line[], at: number): Line | undefined =>
  lines.slice(at + 1).find(({ name }) => name === lines[at]?.name);

/** Drops what says the same as the line but one before it, and at once. */
function withoutSpinning(lines: readonly Line[]): Line[] {
  const left: Line[] = [];
  for (const line of lines) {
    const before = left.findLast(({ text, name }) => name === line.name && text === line.text);
    const isSame = before !== undefined && line.at - before.at < 500;
    if (!isSame || !/with (?:signal )?SIGKILL$/.test(line.text)) left.push(line);
  }
  return left;
}

/** Keeps one of the attempts between two acts. */
function withoutRetries(lines: readonly Line[], { retried = [] }: Scenario): Line[] {
  const said = new Map(retried.map((name) => [name, new Set<string>()]));
  return lines.flatMap((line) => {
    const texts = said.get(line.name ?? "");
    if (!texts) return [line];
    const text = line.text.replace(/ with pid #\d+$/, "");
    if (!/^(?:spawn|exited: )/.test(text)) texts.clear();
    if (texts.has(text)) return [];
    texts.add(text);
    return [{ ...line, text }];
  });
}

/** Keeps the first of such lines about one process, or the daemon, in each of its lives. */
function atMost(lines: readonly Line[], most: number, pattern: RegExp): Line[] {
  const times = new Map<string, number>();
  return lines.filter(({ level, text, name = "" }) => {
    const beginning = /^spawned: /.test(text) || /^supervisord started/.test(text);
    const key = `${name} ${level}`;
    if (beginning) for (const other of ["WARN", "INFO", "DEBG"]) times.delete(`${name} ${other}`);
    if (!pattern.test(text)) return true;
    times.set(key, (times.get(key) ?? 0) + 1);
    return (times.get(key) ?? 0) <= most;
  });
}
