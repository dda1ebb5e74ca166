import { declare, native } from "./native.ts";

const functions = declare({ _exit: "void _exit(int)" });

/**
 * Ends the process for good if it has not ended by itself in time. A thread that stands still in a
 * read, because a disk hangs, keeps Node from ending for as long as that lasts.
 * @param exitCode is lost without the native package: then it ends as if it had been killed
 */
export function leaveWithin(ms: number, exitCode: number): void {
  setTimeout(() => {
    const library = native();
    if (library) functions(library)._exit(exitCode);
    else process.kill(process.pid, "SIGKILL");
  }, ms).unref();
}
