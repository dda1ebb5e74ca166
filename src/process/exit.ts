/** How a child ended: an exit code, or the signal that killed it. Of others' children nobody knows. */
export type Exit =
  | { code: number }
  /** By its name; `signal 35` for one without. */
  | { signal: string; coreDumped?: boolean }
  | { unknown: true };

/** supervisord's number for it: the exit code, or -1 for any signal and for what nobody knows. */
export const exitStatus = (exit: Exit): number => ("code" in exit ? exit.code : -1);

/** Whether the configuration lists this end as a good one. Death by a signal never is. */
export const isExpected = (exit: Exit, exitcodes: readonly number[]): boolean =>
  "code" in exit && exitcodes.includes(exit.code);

/** As supervisord words it in its log. */
export function describeExit(exit: Exit): string {
  if ("code" in exit) return `exit status ${exit.code}`;
  if (!("signal" in exit)) return "exit status unknown";
  return `terminated by ${exit.signal}${exit.coreDumped ? " (core dumped)" : ""}`;
}
