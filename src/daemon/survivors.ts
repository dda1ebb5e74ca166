import path from "node:path";
import { type ChannelReader, readChannel } from "../os/channels.ts";
import { signalChild } from "../os/children.ts";
import { systemClock } from "../os/clock.ts";
import { type Identity, isAlive } from "../os/identity.ts";
import { PRELUDE, stopAct } from "../process/policy.ts";
import { signalOf } from "../process/signals.ts";
import type { Entry } from "./ledger.ts";
import type { World } from "./world.ts";

/** They are not our children: no signal tells of their end. Only while some are waited for. */
const LOOK_EVERY_MS = 20;

/** Resolves when a process that is not our child is gone. */
export async function untilGone(process: Identity): Promise<void> {
  while (isAlive(process)) {
    await new Promise<void>((resolve) => systemClock.after(LOOK_EVERY_MS, resolve));
  }
}

/**
 * Ends what an earlier daemon left of a program that is not configured any more, as it was
 * configured then. Its output has no log now; it is read all the same, or it could not finish.
 */
export async function endStranger(entry: Entry, { log, channels, ledger }: World): Promise<void> {
  const { channel } = entry;
  const output = readAway(channels, channel);
  const tree = ledger.treeOf(entry);
  const isLeft = () => isAlive(entry) || (tree !== undefined && tree.members().length > 0);
  const first = entry.quietsignal ? PRELUDE : 0;
  for (let number = first; isLeft(); number++) {
    const act = stopAct(entry, number, "quiet");
    if ("command" in act) continue;
    if (act.signal === "SIGKILL") log("warn", `killing '${channel}' (${entry.pid}) with SIGKILL`);
    if (tree) tree.kill(signalOf(act.signal));
    else signalChild(entry.pid, signalOf(act.signal), act.to === "group");
    await untilOrFor(act.waitMs, () => !isLeft());
  }
  tree?.close();
  const lost = output.close();
  if (lost > 0) log("warn", `'${channel}' has no log any more; ${lost} bytes of output were lost`);
}

/** Waits until something holds, but not longer than so many milliseconds. */
async function untilOrFor(mostMs: number, holds: () => boolean): Promise<void> {
  const began = systemClock.monotonicMs();
  while (!holds() && systemClock.monotonicMs() - began < mostMs) {
    await new Promise<void>((resolve) => systemClock.after(LOOK_EVERY_MS, resolve));
  }
}

/** Reads what nobody wants, and counts it. */
function readAway(folder: string, channel: string): { close(): number } {
  let lost = 0;
  const readers: ChannelReader[] = ["stdout", "stderr"].flatMap((stream) => {
    const count = (chunk: Buffer) => {
      lost += chunk.length;
    };
    return readChannel(path.join(folder, `${channel}.${stream}`), count, () => undefined) ?? [];
  });
  return {
    close() {
      for (const reader of readers) reader.close();
      return lost;
    },
  };
}
