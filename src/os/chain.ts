import { CommandError, findCommand } from "./command.ts";

/** What a child is to be besides its command: each is set by a standard tool that execs the next. */
export interface Privileges {
  /** Run as this user, with its groups; the daemon must be root. */
  user: { name: string; uid: number; gid: number } | undefined;
  /** Limits as prlimit takes them, such as `["nofile", "1024:4096"]`. */
  rlimits: readonly (readonly [resource: string, limit: string])[];
  nice: number | undefined;
  oomScoreAdj: number | undefined;
  noNewPrivileges: boolean;
  /** SIGTERM when the process that has started it is no more. */
  endsWithParent?: boolean;
  /** A folder that this user enters himself: the daemon may not. */
  folder?: string;
}

export const noPrivileges: Privileges = {
  user: undefined,
  rlimits: [],
  nice: undefined,
  oomScoreAdj: undefined,
  noNewPrivileges: false,
};

const toolPath = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";

/** A tool and its words; `for` is the option that asks for it. */
type Link = readonly [tool: string, words: readonly string[], option: string];

/** The shortest chain that sets what is asked for: none of it, none of the tools. */
function linksOf(wanted: Privileges): Link[] {
  const { user, rlimits, nice, oomScoreAdj, noNewPrivileges } = wanted;
  const links: Link[] = [];
  // What only root may do comes before the change of user.
  if (oomScoreAdj !== undefined) {
    links.push(["choom", ["-n", String(oomScoreAdj), "--"], "oom_score_adj"]);
  }
  if (rlimits.length > 0) {
    const words = rlimits.map(([resource, limit]) => `--${resource}=${limit}`);
    links.push(["prlimit", [...words, "--"], "rlimit_*"]);
  }
  if (nice !== undefined) links.push(["nice", ["-n", String(nice)], "nice"]);
  const other = user && user.uid !== process.getuid?.() ? user : undefined;
  if (other || noNewPrivileges || wanted.endsWithParent) {
    const identity = other ? [`--reuid=${other.uid}`, `--regid=${other.gid}`, "--init-groups"] : [];
    const words = [
      ...identity,
      ...(noNewPrivileges ? ["--no-new-privs"] : []),
      ...(wanted.endsWithParent ? ["--pdeathsig=TERM"] : []),
      "--",
    ];
    links.push(["setpriv", words, other ? "user" : "no_new_privileges"]);
  }
  if (wanted.folder !== undefined) links.push(["env", [`--chdir=${wanted.folder}`], "directory"]);
  return links;
}

/**
 * The command that sets all that is wanted and then becomes `file`, keeping the pid.
 * @param argv the words the program is to see, its own name first
 * @param path PATH of the child, by which the last tool finds the program again under its own name
 * @throws CommandError naming the tool that is missing, and who needs it
 */
export function chained(
  { file, argv, path }: { file: string; argv: readonly string[]; path: string | undefined },
  wanted: Privileges,
): { file: string; argv: readonly string[] } {
  const links = linksOf(wanted);
  if (links.length === 0) return { file, argv };
  const [word = file, ...rest] = argv;
  // As one word the tools take both the program and the name it sees.
  const program = word.includes("/") || path ? word : file;
  const words = links.flatMap(([tool, given, option]) => [findTool(tool, option), ...given]);
  return { file: words[0] ?? file, argv: [...words, program, ...rest] };
}

function findTool(tool: string, option: string): string {
  try {
    return findCommand(tool, toolPath);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${option}= needs the program ${tool}: ${error.message}`);
  }
}

/** Whether any of it is asked for. */
export const isChained = (wanted: Privileges): boolean => linksOf(wanted).length > 0;
