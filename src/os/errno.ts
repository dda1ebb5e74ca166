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
