import { closeSync, readdirSync, readFileSync } from "node:fs";
import { unless } from "./errno.ts";
import { declare, native } from "./native.ts";

/** O_CLOEXEC in the octal flags of /proc/self/fdinfo. */
const CLOEXEC = 0o2000000;

const functions = declare({ fcntl: "int fcntl(int fd, int command, int flags)" });
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Keeps from the children what whoever started this process has left open above 2. Without the system
 * call for that it is closed, which does the same.
 * @param kept a descriptor that is still needed
 */
export function withholdInherited(kept?: number): void {
  const library = native();
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd <= 2 || !isInheritable(fd)) continue;
    if (library) functions(library).fcntl(fd, F_SETFD, FD_CLOEXEC);
    else if (fd !== kept) unless(["EBADF"], () => closeSync(fd));
  }
}

function isInheritable(fd: number): boolean {
  const info = unless(["ENOENT"], () => readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? "")?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOEXEC) === 0;
}
