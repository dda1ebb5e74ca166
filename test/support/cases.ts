/** Small configurations for the differential test, and what makes them short to write. */

export type Verdict = "runs" | "refused";

export interface Case {
  name: string;
  /** By path in the folder of the case. `main.conf` is the one that runs; `x/` makes a folder. */
  files: Readonly<Record<string, string | Uint8Array>>;
  /** What supervisord does; with `differs`, what drover does. */
  verdict: Verdict;
  /** How many processes report before the outcome can be read; 1 when not given. */
  reports?: number;
  /** Added to the environment of both daemons. `PORT` is there always: a free one for each. */
  env?: Readonly<Record<string, string>>;
  needsRoot?: true;
  /** `verdict`: nothing else is compared, as what runs is not what this test is about. */
  compare?: "verdict";
  /** Refused not when it is read but only when the servers are opened. */
  late?: true;
  /** Why drover does not do what supervisord does here. Such cases stand in `differences.ts`. */
  differs?: string;
  /** With `differs`: what is in drover's outcome instead. */
  instead?: object;
}

type More = Partial<Omit<Case, "name" | "verdict">>;

/** A `[supervisord]` with a server, and `body`. supervisord ignores `rundir`, which is drover's. */
export const conf = (body: string, supervisord = ""): string => `[supervisord]
rundir=%(here)s/run
${supervisord}
[unix_http_server]
file=%(here)s/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
${body}
`;

/** A program that reports; `options` may be several lines. */
export const program = (options = "", name = "a"): string => `[program:${name}]
command=%(here)s/report
startretries=0
${options}
`;

const make =
  (verdict: Verdict) =>
  (name: string, body: string, { files, ...more }: More = {}): Case => ({
    name,
    files: { "main.conf": body, ...files },
    verdict,
    ...more,
  });

/** A configuration that is accepted. */
export const runs = make("runs");

/** A configuration that is refused. */
export const refused = make("refused");

/** A program `a` with these options, accepted. */
export const good = (options: string, more?: More): Case =>
  runs(`program: ${JSON.stringify(options)}`, conf(program(options)), more);

/**
 * Programs `a0`, `a1`, ... in one configuration, each with its options, accepted: a daemon costs more
 * than a program. Options may be given by what they show.
 */
export function together(
  name: string,
  options: readonly string[] | Readonly<Record<string, string>>,
  more?: More,
): Case {
  const programs = Object.entries(options).map(([what, own], at) => ({
    text: `; ${what}\n${program(own, `a${at}`)}`,
    starts: !own.includes("autostart=false"),
  }));
  return runs(name, conf(programs.map(({ text }) => text).join("")), {
    reports: programs.filter(({ starts }) => starts).length,
    ...more,
  });
}

/** A program `a` with these options, refused. */
export const bad = (options: string, more?: More): Case =>
  refused(`program, bad: ${JSON.stringify(options)}`, conf(program(options)), more);

/** A `[supervisord]` with these options and one program, accepted. */
export const goodMain = (options: string, more?: More): Case =>
  runs(`supervisord: ${JSON.stringify(options)}`, conf(program(), options), more);

/** A `[supervisord]` with these options and one program, refused. */
export const badMain = (options: string, more?: More): Case =>
  refused(`supervisord, bad: ${JSON.stringify(options)}`, conf(program(), options), more);
