interface ExitCode {
  code: number;
  /** When droverctl ends with it. */
  doc: string;
  /** What `status --exit-code=fleet` tells by it. */
  fleet?: string;
}

const rows = <const T extends Record<string, ExitCode>>(table: T): T => table;

/** supervisorctl's exit codes. */
export const exitCodes = rows({
  done: { code: 0, doc: "done, or already so", fleet: "all that should be up is up" },
  generic: {
    code: 1,
    doc: "an error, an unknown command, a bad argument; wait: not within its timeout",
    fleet: "degraded: something that should be up is not",
  },
  badArguments: {
    code: 2,
    doc: "wrong use, a wrong command line or configuration; update --plan: there is something to do",
    fleet: "down: nothing that should be up is",
  },
  notRunning: { code: 3, doc: "status: something listed is down" },
  unreachable: {
    code: 4,
    doc: "the server cannot be reached; status, why and wait: there is no such process",
    fleet: "the same: nobody knows",
  },
  failed: {
    code: 7,
    doc: "a process could not be started, or is down; there is no socket",
  },
});

type Codes = { [K in keyof typeof exitCodes]: (typeof exitCodes)[K]["code"] };

export const exit = Object.fromEntries(
  Object.entries(exitCodes).map(([name, { code }]) => [name, code]),
) as Codes;

/** `help exit-codes`. */
export const exitCodesHelp = (): string[] => [
  "Exit codes:",
  ...Object.values(exitCodes).map(({ code, doc }) => `${code}\t${doc}`),
  "",
  "With status --exit-code=fleet:",
  ...Object.values(exitCodes).flatMap(({ code, ...row }) =>
    "fleet" in row ? [`${code}\t${row.fleet}`] : [],
  ),
];
