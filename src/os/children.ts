import { spawn } from "node:child_process";
import { unless } from "./errno.ts";

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
  /** Run as this user, with its groups; the daemon must be root. */
  user: { name: string; uid: number; gid: number } | undefined;
}

export interface ChildEvents {
  /** There is no child. `errno` is the kernel's reason, such as EAGAIN. */
  failed(errno: string): void;
  exited(how: { code: number } | { signal: NodeJS.Signals }): void;
}

/**
 * Starts a child in a process group and session of its own; it blocks until the exec is done.
 * @returns its pid, or undefined when there is none and `failed` will be called
 */
export function spawnChild(spec: ChildSpec, events: ChildEvents): number | undefined {
  const [file, argv] = asUser(spec);
  const before = spec.umask === undefined ? undefined : process.umask(spec.umask);
  try {
    const child = spawn(file, argv.slice(1), {
      argv0: argv[0] ?? file,
      env: spec.env as NodeJS.ProcessEnv,
      cwd: spec.cwd,
      stdio: [...spec.stdio],
      detached: true,
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      // Also emitted when a signal cannot be sent; signals are not sent through `child`.
      if (child.pid === undefined) events.failed(error.code ?? error.message);
    });
    child.on("exit", (code, signal) => events.exited(signal ? { signal } : { code: code ?? 0 }));
    return child.pid;
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

/** Node's own `uid` option would drop the user's supplementary groups; setpriv keeps them, and the pid. */
function asUser({ file, argv, user }: ChildSpec): [string, readonly string[]] {
  if (!user || user.uid === process.getuid?.()) return [file, argv];
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--init-groups"];
  return ["setpriv", ["setpriv", ...identity, "--", file, ...argv.slice(1)]];
}

/**
 * @param group signal the whole process group that the child leads
 * @returns false when there is no such process any more
 * @throws when the kernel refuses for another reason
 */
export function signalChild(pid: number, signal: NodeJS.Signals | number, group: boolean): boolean {
  return unless(["ESRCH"], () => process.kill(group ? -pid : pid, signal)) ?? false;
}
