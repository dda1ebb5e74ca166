import { openDatagramSocket } from "./datagram.ts";

/** A way to a datagram socket that a service manager listens on, as in sd_notify(3). */
export interface Notifier {
  /** As DatagramSocket has it. */
  send(text: string): string | undefined;
}

/** @param path, @returns as openDatagramSocket */
export function openNotifier(path: string): Notifier | undefined {
  const socket = openDatagramSocket(path);
  return socket && { send: (text) => socket.send(Buffer.from(text)) };
}
