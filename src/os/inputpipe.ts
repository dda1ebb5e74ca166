import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { bytesOf } from "./backlog.ts";
import { unless } from "./errno.ts";
import { Outlet } from "./outlet.ts";

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** The largest that a pipe may be made. */
const MOST_HELD = 1_048_576;

/** What became of a message. */
type Sent =
  /** All of it is in the pipe, or will be as soon as the reader has made room. */
  | "sent"
  /** Nobody reads the pipe. */
  | "closed"
  /** Nothing of it has been taken: too much waits already. */
  | "full";

/**
 * The daemon's end of a FIFO that a child reads. It is open only while something waits for room, so
 * that what a child has not read is gone with it. Messages keep their order, and none is torn.
 */
export class InputPipe {
  readonly #path: string;
  readonly #mostWaiting: number;
  readonly #onLost: (bytes: number, why: string) => void;
  #open: { fd: number; outlet: Outlet<undefined> } | undefined;
  /** Something has been written that the reader of then may have left. */
  #used = false;

  /**
   * @param mostWaiting in bytes, of all messages together
   * @param onLost so many bytes that were taken will not be read by anybody
   */
  constructor(path: string, mostWaiting: number, onLost: (bytes: number, why: string) => void) {
    this.#path = path;
    this.#mostWaiting = mostWaiting;
    this.#onLost = onLost;
  }

  /** Never waits. @throws what the kernel gives, when it is not that nobody reads */
  send(message: Uint8Array): Sent {
    const waiting = this.#open?.outlet.bytes ?? 0;
    if (waiting + message.length > this.#mostWaiting) return "full";
    if (this.#open) {
      this.#open.outlet.push(message, undefined);
      return "sent";
    }
    const fd = unless(["ENXIO", "ENOENT"], () => openSync(this.#path, O_WRONLY | O_NONBLOCK));
    return fd === undefined ? "closed" : this.#sendThrough(fd, message);
  }

  #sendThrough(fd: number, message: Uint8Array): Sent {
    this.#used = true;
    const gone = ["EPIPE", "ENXIO"];
    const done = unless(gone, () => {
      const written = unless(["EAGAIN"], () => writeSync(fd, message)) ?? 0;
      if (written < message.length) this.#wait(fd, message.subarray(written));
      return true;
    });
    if (!this.#open) closeSync(fd);
    return done ? "sent" : "closed";
  }

  #wait(fd: number, rest: Uint8Array): void {
    const outlet = new Outlet<undefined>(
      { fd, stdio: undefined },
      {
        emptied: () => void this.#close(),
        failed: (error, pieces) => {
          this.#close();
          this.#onLost(bytesOf(pieces), error.message);
        },
      },
    );
    this.#open = { fd, outlet };
    outlet.push(rest, undefined);
  }

  /** The reader is gone: what waits for it is not for the next one. */
  end(): void {
    const lost = this.#close();
    if (lost > 0) this.#onLost(lost, "its reader has ended");
  }

  /** Before the next reader: throws away what the last one has left to somebody who still holds the pipe. */
  discard(): void {
    if (!this.#used) return;
    this.#used = false;
    const fd = unless(["ENOENT"], () => openSync(this.#path, O_RDONLY | O_NONBLOCK));
    if (fd === undefined) return;
    const rest = Buffer.allocUnsafe(65_536);
    try {
      // A pipe holds no more than this; who writes to its own stdin all the time is not waited for.
      for (let pieces = MOST_HELD / rest.length; pieces > 0; pieces--) {
        if ((unless(["EAGAIN"], () => readSync(fd, rest)) ?? 0) === 0) return;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** @returns how many bytes waited */
  #close(): number {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return 0;
    const lost = bytesOf(open.outlet.close());
    closeSync(open.fd);
    return lost;
  }
}
