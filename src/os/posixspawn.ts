import { errorName } from "./errno.ts";
import { declare, type Native } from "./native.ts";

const functions = declare({
  spawn:
    "int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)",
  initActions: "int posix_spawn_file_actions_init(void *actions)",
  destroyActions: "int posix_spawn_file_actions_destroy(void *actions)",
  dup2: "int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)",
  chdir: "int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)",
  initAttributes: "int posix_spawnattr_init(void *attributes)",
  setFlags: "int posix_spawnattr_setflags(void *attributes, short flags)",
  setDefaults: "int posix_spawnattr_setsigdefault(void *attributes, void *set)",
  setMask: "int posix_spawnattr_setsigmask(void *attributes, void *set)",
  setrlimit: "int setrlimit(int resource, void *limit)",
  getrlimit: "int getrlimit(int resource, void *limit)",
});

/** From <spawn.h>; the same in glibc and musl. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;

/** More than either library's structures have. */
const actions = Buffer.alloc(512);
let attributes: Buffer | undefined;

export interface SpawnCall {
  file: string;
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string | undefined;
  /** Descriptors of this process that become the child's 0, 1 and 2; all above 2. */
  stdio: readonly number[];
  /** One more, which becomes a higher one. */
  extra?: { fd: number; target: number } | undefined;
  /** Soft limit of open files of the child; undefined: that of this process. */
  softFiles: number | undefined;
}

/**
 * Starts a child as the leader of a session of its own, with default signals and nothing blocked. It
 * costs the same however much memory this process has, where a fork copies its page tables.
 * @returns the pid, or the name of the kernel's error
 */
export function posixSpawn(library: Native, call: SpawnCall): number | string {
  const { spawn, initActions, destroyActions, dup2, chdir } = functions(library);
  initActions(actions);
  try {
    for (const [target, fd] of call.stdio.entries()) dup2(actions, fd, target);
    // After these: its target may be the number of one of them.
    if (call.extra) dup2(actions, call.extra.fd, call.extra.target);
    if (call.cwd !== undefined) chdir(actions, call.cwd);
    const env = Object.entries(call.env).flatMap(([name, value]) =>
      value === undefined ? [] : `${name}=${value}`,
    );
    const pid = [0];
    const failed = withSoftFiles(library, call.softFiles, () =>
      spawn(pid, call.file, actions, attributesOf(library), [...call.argv, null], [...env, null]),
    );
    return failed === 0 ? (pid[0] ?? 0) : errorName(failed);
  } finally {
    destroyActions(actions);
  }
}

function attributesOf(library: Native): Buffer {
  if (attributes) return attributes;
  const { initAttributes, setFlags, setDefaults, setMask } = functions(library);
  const made = Buffer.alloc(1_024);
  initAttributes(made);
  setFlags(made, SETSID | SETSIGDEF | SETSIGMASK);
  setDefaults(made, Buffer.alloc(128, 0xff));
  setMask(made, Buffer.alloc(128));
  attributes = made;
  return made;
}

const RLIMIT_NOFILE = 7;

/** Node has raised its own soft limit to the hard one; a child is not to inherit that. */
function withSoftFiles<T>(library: Native, wanted: number | undefined, act: () => T): T {
  const { getrlimit, setrlimit } = functions(library);
  const limit = Buffer.alloc(16);
  getrlimit(RLIMIT_NOFILE, limit);
  const own = limit.readBigUInt64LE(0);
  const soft = wanted === undefined ? own : BigInt(wanted);
  if (soft >= own) return act();
  limit.writeBigUInt64LE(soft, 0);
  setrlimit(RLIMIT_NOFILE, limit);
  try {
    return act();
  } finally {
    getrlimit(RLIMIT_NOFILE, limit);
    // Somebody may have set another one meanwhile, from outside.
    if (limit.readBigUInt64LE(0) === soft) {
      limit.writeBigUInt64LE(own, 0);
      setrlimit(RLIMIT_NOFILE, limit);
    }
  }
}
