/** A user of the machine. */
export interface User {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** What reading a configuration may ask of the machine it is read on. */
export interface Facts {
  env: Readonly<Record<string, string | undefined>>;
  /** The node name, as `uname -n` prints it. */
  host: string;
  home: string;
  /** Absolute: relative paths in the configuration are relative to it. */
  cwd: string;
  uid: number;
  tempDir: string;
  isDirectory(path: string): boolean;
  /** By name or numeric id; undefined when there is no such user. */
  user(nameOrId: string): User | undefined;
  /** The id of a group by name or number; undefined when there is no such group. */
  group(nameOrId: string): number | undefined;
}

/** The same machine, asked each question once: ten thousand programs name few users and folders. */
export function remembering(facts: Facts): Facts {
  return {
    ...facts,
    env: { ...facts.env },
    isDirectory: once(facts.isDirectory),
    user: once(facts.user),
    group: once(facts.group),
  };
}

function once<T>(ask: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>();
  return (text) => {
    if (!answers.has(text)) answers.set(text, ask(text));
    return answers.get(text) as T;
  };
}
