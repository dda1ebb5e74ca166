import type { Line } from "./linecutter.ts";

/** Whose line it is. */
export interface LineOrigin {
  /** As people write it. */
  name: string;
  stream: string;
}

const NEWLINE = Buffer.from("\n");
const MISSED = "a part of the log was rotated away before it was read";

/** How the lines of one log are shown. */
export interface LineShow {
  line(line: Line, timeMs: number | undefined): Uint8Array[];
  /** In place of what is missing. */
  missed(): Uint8Array[];
}

/** Lines as they are. @param named each begins with the name of its process */
export function plainShow({ name }: LineOrigin, named: boolean): LineShow {
  const prefix = named ? [Buffer.from(`${name} | `)] : [];
  return {
    line: ({ bytes, partial }) =>
      // Without names the pieces of a long line make it whole again.
      partial && !named ? [bytes] : [...prefix, bytes, NEWLINE],
    missed: () => [...prefix, Buffer.from(`[drover: ${MISSED}]\n`)],
  };
}

/** For programs: an object on each line. What is no UTF-8 is replaced. */
export function jsonShow({ name, stream }: LineOrigin): LineShow {
  const show = (fields: object): Uint8Array[] => [Buffer.from(`${JSON.stringify(fields)}\n`)];
  return {
    line: ({ bytes, partial }, timeMs) =>
      show({
        name,
        stream,
        ...(timeMs !== undefined && { time: new Date(timeMs).toISOString() }),
        line: bytes.toString("utf8"),
        ...(partial && { partial }),
      }),
    missed: () => show({ name, stream, missed: true, line: MISSED }),
  };
}
