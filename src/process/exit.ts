/** How a child ended: an exit code, or the signal that killed it. */
export type Exit = { code: number } | { signal: NodeJS.Signals };

/** supervisord's number for it: the exit code, or -1 for any signal. */
export const exitStatus = (exit: Exit): number => ("code" in exit ? exit.code : -1);

/** Whether the configuration lists this end as a good one. Death by a signal never is. */
export const isExpected = (exit: Exit, exitcodes: readonly number[]): boolean =>
  "code" in exit && exitcodes.includes(exit.code);

/** As supervisord words it in its log. */
export const describeExit = (exit: Exit): string =>
  "code" in exit ? `exit status ${exit.code}` : `terminated by ${exit.signal}`;
