import path from "node:path";
import type { ProcessConfig } from "../config.ts";
import { type LogPlace, type LogTarget, targetsOf } from "../kinds/paths.ts";
import type { RawSection } from "../raw.ts";
import type { LintFacts } from "./lint.ts";
import { type Finding, type Fleet, nameOf, type Program, type Rule } from "./rule.ts";

/** A log as one option of one section names it. */
interface Log {
  section: RawSection;
  option: string;
  path: string;
  maxBytes: number;
}

/** Pipes, terminals and what stands for them: nothing that can be renamed or cut. */
const stream = /^\/(?:dev|proc\/(?:self|\d+))\/(?:stdout|stderr|fd\/\d+|console|tty\d*|pts\/\d+)$/;

/** Paths that name no file on a disk. */
const special = /^\/(?:dev|proc)\//;

export const logRules: readonly Rule[] = [
  {
    id: "rotating-stream",
    doc: "A log on /dev/stdout and the like cannot be rotated; its maxbytes must be 0.",
    check: (fleet) =>
      oncePerOption(
        logsOf(fleet)
          .filter((log) => log.maxBytes !== 0 && stream.test(log.path))
          .map((log) => {
            const maxbytes = `${log.option}_maxbytes`;
            return {
              section: log.section,
              option: log.section.values.has(maxbytes) ? maxbytes : log.option,
              message: `${log.path} cannot be rotated, and ${maxbytes} is ${size(log)}`,
              why: whyNotRotated(log),
              instead: `${maxbytes}=0`,
            };
          }),
      ),
  },
  {
    id: "log-not-writable",
    doc: "The daemon opens and rotates logs as the user of [supervisord]; it must be allowed to.",
    check: (fleet) => oncePerOption(logsOf(fleet).flatMap((log) => notWritable(log, fleet) ?? [])),
  },
  {
    id: "unbounded-log",
    doc: "The log of a program with maxbytes=0 grows until the disk is full.",
    check: ({ programs }) => programs.flatMap((program) => unbounded(program) ?? []),
  },
];

/** A program, with both of its logs where both are so. */
function unbounded({ section, first }: Program): Finding | undefined {
  if (first.log_rotate_every !== undefined || first.log_rotate_at !== undefined) return undefined;
  const streams = [
    ["stdout_logfile", first.stdout_logfile, first.stdout_logfile_maxbytes] as const,
    ["stderr_logfile", first.stderr_logfile, first.stderr_logfile_maxbytes] as const,
  ].slice(0, first.redirect_stderr ? 1 : 2);
  const growing = streams.flatMap(([option, target, maxBytes]) => {
    const log = maxBytes === 0 ? targetsOf(target).find(isRegular) : undefined;
    return log ? [[option, log] as const] : [];
  });
  const [found] = growing;
  if (!found) return undefined;
  const [option, log] = found;
  return {
    section,
    option: `${option}_maxbytes`,
    message: `${log.to === "file" ? log.path : `the AUTO log of ${option.slice(0, 6)}`} is never rotated: ${option}_maxbytes is 0`,
    why: "A program that prints an error in a circle fills the disk, and then everything on the machine stops.",
    instead: growing.map(([name]) => `${name}_maxbytes=50MB`).join("\n"),
  };
}

const isRegular = (log: LogPlace): boolean =>
  log.to === "auto" || (log.to === "file" && !special.test(log.path));

const whyNotRotated = ({ option }: Log): string =>
  option === "logfile"
    ? "supervisord dies of it when it starts (Illegal seek)."
    : "supervisord fails on the first line (Illegal seek) and closes the pipe: what is printed next is lost, or kills the program.";

const size = ({ section, option }: Log): string =>
  section.values.get(`${option}_maxbytes`)?.text ?? "50MB by default";

/** The copies of a program mostly have the same fault, each in its own log. */
const oncePerOption = (findings: readonly Finding[]): Finding[] => [
  ...new Map(
    findings.toReversed().map((found) => [`${found.section.name}\0${found.option}`, found]),
  ).values(),
];

/** Every log of every process, and the daemon's own. */
function logsOf({ config, programs }: Fleet): Log[] {
  const logs = programs.flatMap(({ section, processes }) => {
    const own = processes.flatMap((process) => logsOfProcess(process));
    return own.map((log) => ({ section, ...log }));
  });
  const section = config.sections.get("supervisord");
  const { logfile, logfile_maxbytes: maxBytes } = config.supervisord;
  if (section && logfile.to === "file") {
    logs.push({ section, option: "logfile", path: logfile.path, maxBytes });
  }
  return logs;
}

function logsOfProcess(process: ProcessConfig): Omit<Log, "section">[] {
  const { stdout_logfile: out, stderr_logfile: err } = process;
  return [
    ...logsOfStream("stdout_logfile", out, process.stdout_logfile_maxbytes),
    ...(process.redirect_stderr
      ? []
      : logsOfStream("stderr_logfile", err, process.stderr_logfile_maxbytes)),
  ];
}

/** Beside a file that is rotated the other places of a stream need no maxbytes=0. */
function logsOfStream(option: string, target: LogTarget, maxBytes: number): Omit<Log, "section">[] {
  const places = targetsOf(target);
  const files = places.flatMap((place) => (place.to === "file" ? [place.path] : []));
  const rotated = places.some(isRegular);
  return files
    .filter((path) => !rotated || !special.test(path))
    .map((path) => ({ option, path, maxBytes }));
}

function notWritable(log: Log, { config, facts }: Fleet): Finding | undefined {
  if (special.test(log.path)) return undefined;
  const as = config.supervisord.user;
  const dir = path.dirname(log.path);
  const blocked = blockedAt(log, dir, facts, as);
  if (!blocked) return undefined;
  const who = as?.name ?? (facts.uid === 0 ? "root" : `uid ${facts.uid}`);
  return {
    section: log.section,
    option: log.option,
    message: `${who}, as whom the daemon runs, may not write ${blocked}`,
    why:
      blocked === log.path
        ? "The log cannot be opened, and nothing that writes to it is started."
        : "The log cannot be made or rotated there: no start, or a file that grows until the disk is full.",
    instead: allow(log, blocked, as?.name ?? String(facts.uid)),
  };
}

/** Folders of the whole machine: none to give away. */
const common = /^\/(?:|etc|home|opt|run|srv|tmp|var|var\/lib|var\/log|var\/run)$/;

function allow({ option, section, path: file }: Log, blocked: string, who: string): string {
  if (!common.test(blocked)) return `chown ${who} ${blocked}`;
  const own = path.join(blocked, nameOf(section));
  return `install -d -o ${who} ${own}\n${option}=${path.join(own, path.basename(file))}`;
}

/** The file when it is there and may not be written; else the folder, when something has to be made. */
function blockedAt(
  { path: file, maxBytes }: Log,
  dir: string,
  facts: LintFacts,
  as: { uid: number; gid: number } | undefined,
): string | undefined {
  const exists = facts.mode(file) !== undefined;
  if (exists && !facts.isWritable(file, as)) return file;
  const makesFiles = !exists || maxBytes > 0;
  return makesFiles && facts.mode(dir) !== undefined && !facts.isWritable(dir, as)
    ? dir
    : undefined;
}
