import type { ProcessConfig } from "../config.ts";
import type { Finding, Program, Rule } from "./rule.ts";

/** Options that count only beside another one: which they are, whether it is there, and what it is. */
const needs: readonly [
  options: RegExp,
  isThere: (program: ProcessConfig) => boolean,
  missing: string,
  instead: string,
][] = [
  [
    /^quiet_(?:ready|timeout)$/,
    ({ quietsignal }) => quietsignal !== undefined,
    "without quietsignal= nobody asks the worker to take no more jobs",
    "quietsignal=USR2",
  ],
  [
    /^healthcheck_/,
    ({ healthcheck }) => healthcheck !== undefined,
    "without healthcheck= nothing is checked",
    "healthcheck=http://127.0.0.1:8080/health",
  ],
  [
    /^unhealthy_/,
    ({ healthcheck, heartbeat_timeout, output_timeout }) =>
      (healthcheck ?? heartbeat_timeout ?? output_timeout) !== undefined,
    "without healthcheck=, heartbeat_timeout= or output_timeout= no process is unhealthy",
    "healthcheck=http://127.0.0.1:8080/health",
  ],
  [
    /^ready_timeout$/,
    ({ ready }) => ready.by !== "startsecs",
    "with ready=startsecs a process is ready as soon as it runs",
    "ready=tcp:8080",
  ],
];

export const needsRules: readonly Rule[] = [
  {
    id: "option-alone",
    doc: "Some options count only beside another one.",
    check: ({ programs }) => programs.flatMap(alone),
  },
];

function alone({ section, first }: Program): Finding[] {
  return [...section.values].flatMap(([option, { inherited }]) => {
    const need = inherited ? undefined : needs.find(([options]) => options.test(option));
    if (!need) return [];
    const [, isThere, message, instead] = need;
    if (isThere(first)) return [];
    return [{ section, option, message, why: "What it sets is never asked for.", instead }];
  });
}
