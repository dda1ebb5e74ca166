import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
} from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import path from "node:path";
import { unless } from "./errno.ts";

const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;
/** mkfifo's command line must stay below the kernel's limit. */
const FIFOS_AT_ONCE = 500;

/**
 * Makes the FIFOs that are not there yet, a batch with each run of mkfifo(1).
 * @throws Error with what mkfifo says
 */
export function makeFifos(paths: readonly string[]): void {
  const missing = paths.filter((path) => !isFifo(path));
  for (const dir of new Set(missing.map((file) => path.dirname(file)))) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }
  for (let i = 0; i < missing.length; i += FIFOS_AT_ONCE) {
    const batch = missing.slice(i, i + FIFOS_AT_ONCE);
    execFileSync("mkfifo", ["-m", "600", "--", ...batch], { stdio: ["ignore", "ignore", "pipe"] });
  }
}

const isFifo = (path: string): boolean =>
  unless(["ENOENT"], () => lstatSync(path).isFIFO()) ?? false;

/**
 * Opens a FIFO for a child, both ways: the child is then its own reader and writer, so the daemon's
 * death neither kills it with SIGPIPE nor ends the stream. The caller closes it after the spawn.
 */
export function openForChild(path: string, user: { uid: number; gid: number } | undefined): number {
  const fd = openSync(path, O_RDWR);
  // A child of another user could not open its /dev/stdout otherwise.
  if (user) fchownSync(fd, user.uid, user.gid);
  return fd;
}

/** One buffer for every stream of the daemon: what is in it is used up before the next read. */
const shared = Buffer.allocUnsafeSlow(65_536);

type OnRead = { onread: { buffer: Buffer; callback(bytes: number, buffer: Buffer): boolean } };

/** The daemon's end of a channel, open from the first spawn until nobody holds the child's end. */
export interface ChannelReader {
  /** Takes in what is in the pipe now, without waiting. */
  drain(): void;
  close(): void;
}

/**
 * Reads a FIFO as its bytes come. Open it before the child's end.
 * @returns undefined when there is no such FIFO
 * @param onData is given a view of a buffer that is overwritten after it returns
 * @param onEnd the last holder of the child's end is gone, and everything has been delivered
 */
export function readChannel(
  path: string,
  onData: (chunk: Buffer) => void,
  onEnd: () => void,
): ChannelReader | undefined {
  const fd = unless(["ENOENT"], () => openSync(path, O_RDONLY | O_NONBLOCK));
  if (fd === undefined) return undefined;
  let open = true;
  const options: SocketConstructorOpts & OnRead = {
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: shared,
      callback(bytes, buffer) {
        onData(buffer.subarray(0, bytes));
        return true;
      },
    },
  };
  const socket = new Socket(options);
  const end = () => {
    if (!open) return;
    open = false;
    onEnd();
  };
  socket.on("error", end);
  // At the end of the stream, and not when the descriptor is closed a turn later: a child that is
  // started in between would have nobody to read it.
  socket.on("end", end);
  socket.on("close", end);
  socket.resume();
  return {
    drain() {
      if (open) drain(path, onData);
    },
    close() {
      open = false;
      socket.destroy();
    },
  };
}

/** More than a pipe holds: a writer that never stops must not keep the daemon here. */
const MOST_DRAINED = 1_048_576;

/** Reads by a descriptor of its own: the socket's may be closed, and its number somebody else's. */
function drain(path: string, onData: (chunk: Buffer) => void): void {
  const fd = unless(["ENOENT"], () => openSync(path, O_RDONLY | O_NONBLOCK));
  if (fd === undefined) return;
  try {
    for (let taken = 0; taken < MOST_DRAINED; ) {
      const bytes = unless(["EAGAIN"], () => readSync(fd, shared, 0, shared.length, null)) ?? 0;
      if (bytes === 0) return;
      onData(shared.subarray(0, bytes));
      taken += bytes;
    }
  } finally {
    closeSync(fd);
  }
}

export const closeFd = (fd: number): void => closeSync(fd);
