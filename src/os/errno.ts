import { constants } from "node:os";

/** Of several names of one number the first is the usual one. */
const names = new Map<number, string>(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** The name of an error by its number; Node itself has none for ENOEXEC and some others. */
export const errorName = (errno: number): string => names.get(errno) ?? `errno ${errno}`;

/** The name of the error the kernel gave, such as ENOENT; undefined for other errors. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;

/** Runs `act`; answers undefined when it fails with one of these, and passes other errors on. */
export function unless<T>(expected: readonly string[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (expected.includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}
