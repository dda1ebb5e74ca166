import { errnoOf } from "../os/errno.ts";

/** The daemon cannot start; the message is for the person who started it. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  /** @param exitCode supervisord's: 2 for usage and configuration, 1 for the rest */
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** An error that is nobody's input: with its stack, for the log. */
export const describeBug = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Why a child could not be started, in supervisord's words. */
export class SpawnError extends Error {
  override readonly name = "SpawnError";
  /** The machine has no room for another process just now: the program is not to blame. */
  readonly scarce: boolean;

  constructor(message: string, scarce: boolean, options?: ErrorOptions) {
    super(message, options);
    this.scarce = scarce;
  }
}

const scarcities = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"]);

/** Whether an error of the kernel says that something has run out which others may give back. */
export const isScarce = (error: unknown): boolean =>
  scarcities.has(typeof error === "string" ? error : (errnoOf(error) ?? ""));

/** Why a process's streams could not be opened. */
export function describeFailure(name: string, error: unknown): string {
  const errno = errnoOf(error);
  if (errno === "EMFILE" || errno === "ENFILE") return `too many open files to spawn '${name}'`;
  return `unknown error making dispatchers for '${name}': ${errno ?? String(error)}`;
}

/** Why the kernel made no child. */
export const describeForkFailure = (name: string, errno: string): string =>
  errno === "EAGAIN"
    ? `Too many processes in process table to spawn '${name}'`
    : `unknown error during fork for '${name}': ${errno}`;
