import type { RE2JS } from "re2js";
import { Fault } from "../faults.ts";

const LONGEST_PATTERN = 1_000;

/** Whether a line is wanted. */
export interface Matcher {
  (line: Buffer): boolean;
  /** No line without these bytes is. */
  literal?: Buffer;
}

/**
 * Reads a regular expression in RE2's syntax: it takes time in proportion to the line, whatever it
 * is. Without any special character it is a text to be found.
 * @throws Fault BAD_ARGUMENTS
 */
export async function compilePattern(pattern: string): Promise<Matcher> {
  if (pattern.length > LONGEST_PATTERN) {
    throw new Fault("BAD_ARGUMENTS", `grep: a pattern may have ${LONGEST_PATTERN} characters`);
  }
  if (!/[\\^$.|?*+()[\]{}]/.test(pattern)) {
    const literal = Buffer.from(pattern);
    const text = literal.toString("latin1");
    // For short lines this is quicker than a search in the buffer.
    const matches = (line: Buffer) => line.toString("latin1").includes(text);
    return Object.assign(matches, { literal });
  }
  const compiled = await compile(pattern);
  return (line) => compiled.test(line.toString("utf8"));
}

async function compile(pattern: string): Promise<RE2JS> {
  // Loaded for the first who needs it: most daemons never do.
  const { RE2JS } = await import("re2js");
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = /\(\?[=!<]|\\[1-9]/.test(pattern)
      ? " (there are no look-arounds and no back-references)"
      : "";
    throw new Fault("BAD_ARGUMENTS", `grep: ${why}${hint}`, { cause: error });
  }
}
