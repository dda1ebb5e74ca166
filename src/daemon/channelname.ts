import { createHash } from "node:crypto";

/** A file name may have 255 bytes; this leaves room for `.stdout` and `.child.new`. */
const LONGEST = 200;

/** The name of a process's channels: readable, and never too long for a file. */
export function channelName({ group, name }: { group: string; name: string }): string {
  const full = `${group}:${name}`;
  if (Buffer.byteLength(full) <= LONGEST) return full;
  const digest = createHash("sha256").update(full).digest("hex").slice(0, 16);
  return `${[...full].slice(0, LONGEST / 5).join("")}~${digest}`;
}
