import { createHash } from "node:crypto";
import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import { channelName } from "./channelname.ts";

/** By what a child may speak to the daemon; each is a path, or missing where nobody would listen. */
export interface Voices {
  /** A datagram socket, as sd_notify(3) wants it. */
  notify?: string;
  /** A file to touch. */
  heartbeat?: string;
}

/** Whether what its children write has to be looked at. */
export const isHeard = ({ ready, quiet_ready, output_timeout }: ProcessConfig): boolean =>
  ready.by === "log" || quiet_ready?.by === "log" || output_timeout !== undefined;

/** Whether its children are to speak on NOTIFY_SOCKET. */
export const isToNotify = ({ ready, quiet_ready, heartbeat_timeout }: ProcessConfig): boolean =>
  ready.by === "notify" || quiet_ready?.by === "status" || heartbeat_timeout !== undefined;

/**
 * @param meeting the folder that children can reach
 * @param hears whether datagrams can be received here
 */
export function voicesOf(config: ProcessConfig, meeting: string, hears: boolean): Voices {
  if (!isToNotify(config)) return {};
  const { heartbeat_timeout } = config;
  // A socket's path may have 107 bytes, and a process's name more.
  const digest = createHash("sha256").update(channelName(config)).digest("hex").slice(0, 12);
  const base = path.join(meeting, digest);
  return {
    ...(hears && { notify: `${base}.notify` }),
    ...(heartbeat_timeout !== undefined && { heartbeat: `${base}.heartbeat` }),
  };
}

/** How its children find them. */
export function voiceVariables(
  { notify, heartbeat }: Voices,
  { heartbeat_timeout = 0 }: ProcessConfig,
): Record<string, string> {
  return {
    ...(notify !== undefined && { NOTIFY_SOCKET: notify }),
    ...(heartbeat !== undefined && {
      DROVER_HEARTBEAT: heartbeat,
      WATCHDOG_USEC: String(heartbeat_timeout * 1_000),
    }),
  };
}
