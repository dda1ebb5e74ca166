import { createHash } from "node:crypto";
import path from "node:path";
import { Enclosure } from "../os/enclosure.ts";

/** A file name may have 255 bytes; this leaves room for `.stdout` and `.child`. */
const LONGEST = 200;

/** The name of a process's channels: readable, and never too long for a file. */
export function channelName({ group, name }: { group: string; name: string }): string {
  const full = `${group}:${name}`;
  if (Buffer.byteLength(full) <= LONGEST) return full;
  const digest = createHash("sha256").update(full).digest("hex").slice(0, 16);
  return `${[...full].slice(0, LONGEST / 5).join("")}~${digest}`;
}

/**
 * What all that a process starts has in its environment, to be known by when stoptree looks for it:
 * the same for each of its children, and no other's, whichever daemon has started them.
 * @param folder of the channels
 */
export const tokenOf = (folder: string, channel: string): string => path.join(folder, channel);

/** The cgroup for all that a process starts, by its token. */
export const enclosureOf = (token: string): Enclosure | undefined =>
  Enclosure.named(`drover-${path.basename(path.dirname(token))}-${path.basename(token)}`);
