import { spawnSync } from "node:child_process";
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import path from "node:path";
import { chained, noPrivileges } from "./chain.ts";
import { errnoOf, unless } from "./errno.ts";
import { groupsNaming } from "./users.ts";

/** Other kinds of programs that this kernel has been taught to run. */
const FORMATS = "/proc/sys/fs/binfmt_misc";

/**
 * Why the kernel would not run a file that is executable. Whoever searches for it as a shell does, as
 * the tools of a chain and Node do, would run anything as a shell script.
 * @returns the name of the kernel's error, such as ENOEXEC, or undefined
 */
export function execFault(file: string): string | undefined {
  const head = Buffer.alloc(256);
  // A FIFO without a writer must not be waited for.
  if (isNoFile(file)) return "EACCES";
  const fault = faultOf(() => readHead(file, head));
  // A program that may be run and not read is for the kernel to judge, and so is what cannot be told now.
  if (fault !== undefined)
    return ["EACCES", "EMFILE", "ENFILE"].includes(fault) ? undefined : fault;
  const text = head.toString("latin1");
  if (!text.startsWith("#!")) return isOurs(head) || knowsOthers() ? undefined : "ENOEXEC";
  const interpreter = /^#![ \t]*([^ \t\n\0]+)/.exec(text)?.[1];
  if (interpreter === undefined) return "ENOEXEC";
  return (
    faultOf(() => accessSync(interpreter, constants.X_OK)) ??
    (statSync(interpreter).isFile() ? undefined : "EACCES")
  );
}

/** Something is there, and it is no regular file. */
const isNoFile = (file: string): boolean =>
  unless(
    ["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"],
    () => !statSync(file).isFile(),
  ) ?? false;

function readHead(file: string, head: Buffer): void {
  const fd = openSync(file, "r");
  try {
    readSync(fd, head);
  } finally {
    closeSync(fd);
  }
}

/** The name of the kernel's error; undefined when it goes well. */
function faultOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

/** Machines of an ELF header that run the programs of an older one too: x86-64 and 64-bit ARM. */
const older = new Map([
  [62, 3],
  [183, 40],
]);

/** An ELF program for a machine like this one. */
function isOurs(head: Buffer): boolean {
  if (head.toString("latin1", 0, 4) !== "\x7fELF") return false;
  const own = Buffer.alloc(machineEnd);
  readHead("/proc/self/exe", own);
  const machine = machineOf(own);
  return [machine, older.get(machine)].includes(machineOf(head));
}

/** Where the machine stands in an ELF header, which says itself in which order its bytes are. */
const DATA = 5;
const BIG_ENDIAN = 2;
const MACHINE = 18;
const machineEnd = MACHINE + 2;
const machineOf = (head: Buffer): number =>
  head[DATA] === BIG_ENDIAN ? head.readUInt16BE(MACHINE) : head.readUInt16LE(MACHINE);

const knowsOthers = (): boolean =>
  (unless(["ENOENT", "EACCES"], () => readdirSync(FORMATS)) ?? []).length > 2;

interface User {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Why another user may not enter a folder that is there, or run a file.
 * @returns EACCES, or undefined when he may
 * @throws CommandError when a tool is missing that it takes to ask him
 */
export function accessFault(file: string, user: User): "EACCES" | undefined {
  const groups = [user.gid, ...groupsNaming(user.name)];
  const mayPass = (part: string): boolean => {
    const { uid, gid, mode } = statSync(part);
    const bit = uid === user.uid ? 0o100 : groups.includes(gid) ? 0o010 : 0o001;
    return (mode & bit) !== 0;
  };
  const passes = unless(["EACCES", "ENOENT"], () =>
    [...new Set([file, realpathSync(file)].flatMap(withFolders))].every(mayPass),
  );
  // Whom the modes refuse an access control list may still let in, and a file system may not know
  // root: then he is asked himself.
  return passes || mayIndeed(file, user) ? undefined : "EACCES";
}

const withFolders = (file: string): string[] =>
  path.dirname(file) === file ? [file] : [file, ...withFolders(path.dirname(file))];

function mayIndeed(file: string, user: User): boolean {
  const ask = { file: "/bin/sh", argv: ["/bin/sh", "-c", '[ -x "$0" ]', file], path: undefined };
  const { file: tool, argv } = chained(ask, { ...noPrivileges, user });
  const { error, status } = spawnSync(tool, argv.slice(1), { stdio: "ignore" });
  // Where nobody can be asked just now it is to be tried.
  return error !== undefined || status === 0;
}
