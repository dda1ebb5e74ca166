import { accessSync, constants, statSync } from "node:fs";
import { unless } from "./errno.ts";

/** Why a command cannot be run, in supervisord's words; `missing` tells its NO_FILE from NOT_EXECUTABLE. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly missing: boolean;

  constructor(message: string, missing = false) {
    super(message);
    this.missing = missing;
  }
}

const fallbackPath = "/bin:/usr/bin:/usr/local/bin";
const absent = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"];

/**
 * Finds the program for a command word as supervisord does: a word with a slash is a path, another
 * is looked up in `searchPath`, where the first entry that exists wins, executable or not.
 * @throws CommandError
 */
export function findCommand(word: string, searchPath: string | undefined): string {
  const candidates = word.includes("/")
    ? [word]
    : // An empty entry is the working directory; a bare word would be looked up again.
      (searchPath ?? fallbackPath).split(":").map((dir) => `${dir || "."}/${word}`);
  for (const candidate of candidates) {
    // Most places have none, and to throw for each takes as long as to look in ten.
    const stat = unless(absent, () => statSync(candidate, { throwIfNoEntry: false }));
    if (!stat) continue;
    if (stat.isDirectory()) throw new CommandError(`command at '${candidate}' is a directory`);
    if ((stat.mode & 0o111) === 0)
      throw new CommandError(`command at '${candidate}' is not executable`);
    if (!isExecutable(candidate))
      throw new CommandError(`no permission to run command '${candidate}'`);
    return candidate;
  }
  throw new CommandError(`can't find command '${word}'`, true);
}

const isExecutable = (path: string): boolean =>
  unless(["EACCES", "EPERM", "ETXTBSY"], () => {
    accessSync(path, constants.X_OK);
    return true;
  }) ?? false;
