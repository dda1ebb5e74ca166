import path from "node:path";
import { type ChannelReader, readChannel } from "../os/channels.ts";
import { signalChild } from "../os/children.ts";
import { systemClock } from "../os/clock.ts";
import { type Identity, isAlive } from "../os/identity.ts";
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
export async function endStranger(entry: Entry, { log, channels }: World): Promise<void> {
  const { channel, pid, stopsignal, stopwaitsecs, stopasgroup, killasgroup } = entry;
  let lost = 0;
  const readers: ChannelReader[] = ["stdout", "stderr"].flatMap((stream) => {
    const count = (chunk: Buffer) => {
      lost += chunk.length;
    };
    const fifo = path.join(channels, `${channel}.${stream}`);
    return readChannel(fifo, count, () => undefined) ?? [];
  });
  signalChild(pid, signalOf(stopsignal), stopasgroup);
  const kill = () => {
    log("warn", `killing '${channel}' (${pid}) with SIGKILL`);
    signalChild(pid, "SIGKILL", killasgroup);
  };
  const cancel = systemClock.after(stopwaitsecs * 1_000, kill);
  await untilGone(entry);
  cancel();
  for (const reader of readers) reader.close();
  if (lost > 0) log("warn", `'${channel}' has no log any more; ${lost} bytes of output were lost`);
}
