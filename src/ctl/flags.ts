/** What stands before the command on droverctl's command line. */
export interface Flags {
  configuration?: string;
  serverurl?: string;
  username?: string;
  password?: string;
  historyFile?: string;
  interactive?: true;
  plain?: true;
}

interface Flag {
  short?: string;
  /** Its long form, where that is another word. */
  long?: string;
  /** How its value is called; undefined: it has none. */
  value?: string;
  doc: string;
}

/** Its flags, which are supervisorctl's, and how they are called in the help. */
export const flagTable: Readonly<Record<keyof Flags, Flag>> = {
  configuration: {
    short: "c",
    value: "file",
    doc: "configuration file; searched for when not given",
  },
  serverurl: { short: "s", value: "url", doc: "unix:///path/to/socket or http://host:port" },
  username: { short: "u", value: "name", doc: "user name for the server" },
  password: { short: "p", value: "password", doc: "password for the server" },
  historyFile: {
    short: "r",
    long: "history-file",
    value: "file",
    doc: "where the shell keeps what was typed",
  },
  interactive: { short: "i", doc: "ask before a shutdown, also with a command" },
  plain: { doc: "what supervisorctl prints to a file, also on a terminal" },
};

const byWord = new Map(
  Object.entries(flagTable).flatMap(([name, flag]) =>
    [`--${flag.long ?? name}`, ...(flag.short ? [`-${flag.short}`] : [])].map((word) => [
      word,
      { name, flag },
    ]),
  ),
);

/**
 * The flags of a line that has each as a word of its own, as most have. Options end at the command:
 * what follows is the command's own.
 * @returns undefined when there is more to it: to load what reads any line takes longer than many a command
 */
export function readFlags(
  argv: readonly string[],
): { flags: Flags; words: readonly string[] } | undefined {
  const flags: Record<string, string | true> = {};
  let at = 0;
  for (let word = argv[at]; word?.startsWith("-"); word = argv[at]) {
    const known = byWord.get(word);
    if (!known) return undefined;
    const value = known.flag.value === undefined ? true : argv[at + 1];
    if (value === undefined) return undefined;
    flags[known.name] = value;
    at += known.flag.value === undefined ? 1 : 2;
  }
  return { flags, words: argv.slice(at) };
}
