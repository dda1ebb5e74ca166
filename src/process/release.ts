/** What a process was started from, as it was then. */
interface Origin {
  path: string;
  /** Tells it from another one at the same path without reading it; empty: it was not there. */
  identity: string;
}

/** What a process was started from. */
export interface Release {
  /** Of a program with `directory=`, the folder that this led to. */
  folder: Origin | undefined;
  files: readonly Origin[];
}

/**
 * Why a process runs something older than what would be started now; undefined: it does not.
 * @param now what the same paths are by now
 */
export function staleness(then: Release, now: Release): string | undefined {
  if (then.folder && now.folder) {
    const [was, is] = [then.folder, now.folder];
    if (was.path !== is.path) return `it runs in ${was.path}, and a start would in ${is.path}`;
    if (was.identity !== is.identity) return `${was.path} has been made anew since it was started`;
  }
  // One that is gone could not be started: that is told when somebody tries.
  const changed = then.files.find(({ identity }, at) => {
    const latest = now.files[at]?.identity ?? "";
    return latest !== "" && latest !== identity;
  });
  return changed && `${changed.path} has changed since it was started`;
}

/** Of a command line, those words that may name what is run: not data, which changes as a matter of course. */
export const mayBeEntry = (word: string): boolean =>
  !word.startsWith("-") && word.length < 4_096 && !word.includes("\0");

/** Files that are run by the program that is given their name. */
const scripts = /\.(?:php|phar|py|pyz|js|mjs|cjs|ts|rb|pl|sh|jar|lua|exs?|ru)$/;

export const isScript = (path: string, mode: number): boolean =>
  (mode & 0o111) !== 0 || scripts.test(path);
