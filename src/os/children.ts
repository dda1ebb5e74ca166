import { type ChildProcess, spawn } from "node:child_process";
import { chained, type Privileges } from "./chain.ts";
import { errnoOf, unless } from "./errno.ts";
import { native } from "./native.ts";
import { posixSpawn } from "./posixspawn.ts";
import { becomeSubreaper, type Death, type OnOrphan, Reaper } from "./reaper.ts";

/** A descriptor of the daemon, and as which one a child is to have it. */
export interface Extra {
  fd: number;
  target: number;
}

export interface ChildSpec {
  /** The file to execute. */
  file: string;
  /** The words the child sees, its own name first. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string | undefined;
  umask: number | undefined;
  /** Descriptors of the daemon that become the child's 0, 1 and 2. */
  stdio: readonly [number, number, number];
  /** One more, and what it becomes; from 3 on. */
  extra?: Extra | undefined;
  /** Soft limit of open files; undefined: that of the daemon. */
  softFiles: number | undefined;
  privileges: Privileges;
  /** This process may end before it. */
  unattended?: boolean;
}

export interface ChildEvents {
  started(pid: number): void;
  /** There is no child. `errno` is the kernel's reason, such as EAGAIN. */
  failed(errno: string): void;
  /** The child is no more, and its pid may be another's. That it has exited is told soon. */
  collected?(): void;
  exited(exit: Death["exit"], usage: Death["usage"] | undefined): void;
}

let reaper: Reaper | undefined;

/** Collects the ends of all children that are started through this module. */
function reaperOf(library: NonNullable<ReturnType<typeof native>>): Reaper {
  reaper ??= new Reaper(library);
  return reaper;
}

/**
 * Collects also the orphans that the kernel hands to this process.
 * @returns whether that can be done: Node alone cannot
 */
export function collectOrphans(onOrphan: OnOrphan): boolean {
  const library = native();
  if (library) reaperOf(library).adopt(onOrphan);
  return library !== undefined;
}

/** From here on the orphans of this process's children become its own, to be collected by it. */
export function handOverOrphans(): void {
  const library = native();
  if (library) becomeSubreaper(library);
}

/**
 * Starts a child in a process group and session of its own; it blocks until the exec is done.
 * @throws CommandError when a tool is missing that it takes
 */
export function spawnChild(spec: ChildSpec, events: ChildEvents): void {
  const { file, argv } = chained({ ...spec, path: spec.env.PATH }, spec.privileges);
  const before = spec.umask === undefined ? undefined : process.umask(spec.umask);
  const library = native();
  try {
    if (library) spawnNatively(library, { ...spec, file, argv }, events);
    else spawnByNode({ ...spec, file, argv }, events);
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

function spawnNatively(
  library: NonNullable<ReturnType<typeof native>>,
  spec: ChildSpec,
  events: ChildEvents,
): void {
  const collector = reaperOf(library);
  const pid = posixSpawn(library, spec);
  if (typeof pid === "string") {
    events.failed(pid);
    return;
  }
  collector.watch(pid, {
    collected: () => events.collected?.(),
    died: ({ exit, usage }) => events.exited(exit, usage),
  });
  events.started(pid);
}

function spawnByNode(spec: ChildSpec, events: ChildEvents): void {
  const { file, argv, env, cwd, stdio, unattended } = spec;
  let child: ChildProcess;
  try {
    child = spawn(file, argv.slice(1), {
      argv0: argv[0] ?? file,
      env: env as NodeJS.ProcessEnv,
      cwd,
      stdio: withExtra(stdio, spec.extra),
      detached: true,
    });
  } catch (error) {
    // Some errors of the kernel are thrown, and others come as an event.
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    events.failed(errno);
    return;
  }
  if (unattended) child.unref();
  child.on("error", (error: NodeJS.ErrnoException) => {
    // Also emitted when a signal cannot be sent; signals are not sent through `child`.
    if (child.pid === undefined) events.failed(errnoOf(error) ?? error.message);
  });
  child.on("exit", (code, signal) =>
    events.exited(signal ? { signal } : { code: code ?? 0 }, undefined),
  );
  if (child.pid !== undefined) events.started(child.pid);
}

/** For Node, which gives those between to /dev/null. */
function withExtra(stdio: readonly number[], extra: Extra | undefined): (number | "ignore")[] {
  if (!extra) return [...stdio];
  const between = Array.from({ length: extra.target - stdio.length }, () => "ignore" as const);
  return [...stdio, ...between, extra.fd];
}

/**
 * @param group signal the whole process group that the child leads
 * @returns false when there is no such process any more
 * @throws when the kernel refuses for another reason
 */
export function signalChild(pid: number, signal: NodeJS.Signals | number, group: boolean): boolean {
  return unless(["ESRCH"], () => process.kill(group ? -pid : pid, signal)) ?? false;
}
