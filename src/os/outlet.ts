import { constants, fstatSync, openSync, readlinkSync, statSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { isatty, ReadStream } from "node:tty";
import { Backlog, type Piece } from "./backlog.ts";
import { unless } from "./errno.ts";

const { O_WRONLY, O_NONBLOCK } = constants;

/** PIPE_BUF: so much goes into a pipe as a whole or not at all, so what has gone is always known. */
const WHOLE = 4_096;

/** A descriptor that does not block. */
export interface Target {
  fd: number;
  /** Node's own stream on it, where it cannot be opened anew. */
  stdio: Socket | undefined;
}

export interface OutletEvents<O> {
  /** Everything is written. */
  emptied(): void;
  /** The target takes nothing any more, and not because it is full. The outlet is closed. */
  failed(error: Error, unwritten: Piece<O>[]): void;
}

/**
 * What a pipe, a terminal or a socket had no room for, written in its order as soon as there is room.
 * It is the event loop that waits: a stream of Node's is given a small piece, and when that has gone
 * the rest is tried.
 */
export class Outlet<O> {
  readonly #target: Target;
  readonly #events: OutletEvents<O>;
  readonly #stream: Socket;
  readonly #backlog = new Backlog<O>();
  #open = true;

  /** @throws what the kernel gives when the target cannot be waited for */
  constructor(target: Target, events: OutletEvents<O>) {
    this.#target = target;
    this.#events = events;
    this.#stream = target.stdio ?? openStream(target.fd);
    this.#stream.on("error", this.#fail);
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#backlog.bytes;
  }

  /** Who writes here is to wait. */
  get full(): boolean {
    return this.bytes > 0;
  }

  /** @param chunk may be overwritten after this returns */
  push(chunk: Uint8Array, owner: O): void {
    const waits = this.full;
    this.#backlog.push(chunk, owner);
    if (!waits && this.full) this.#wait();
  }

  /** Gives up what waits. */
  close(): Piece<O>[] {
    this.#open = false;
    if (this.#target.stdio) this.#target.stdio.off("error", this.#fail);
    else this.#stream.destroy();
    return this.#backlog.takeAll();
  }

  #wait(): void {
    const piece = this.#backlog.next?.subarray(0, WHOLE) ?? Buffer.alloc(0);
    this.#stream.write(piece, (error) => {
      if (error || !this.#open) return;
      this.#backlog.written(piece.length);
      this.#goOn();
    });
  }

  #goOn(): void {
    try {
      for (let { next } = this.#backlog; next; { next } = this.#backlog) {
        const bytes = tryWrite(this.#target.fd, next);
        if (bytes === undefined) {
          this.#wait();
          return;
        }
        this.#backlog.written(bytes);
      }
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#events.emptied();
  }

  readonly #fail = (error: Error): void => {
    if (this.#open) this.#events.failed(error, this.close());
  };
}

/** @returns undefined when there is no room */
const tryWrite = (fd: number, chunk: Buffer): number | undefined =>
  unless(["EAGAIN"], () => writeSync(fd, chunk));

/** Whether a descriptor that does not block tells when there is room: pipes and terminals do. */
export const tellsRoom = (fd: number): boolean =>
  isatty(fd) ? hasName(fd) : fstatSync(fd).isFIFO();

/** Of a terminal without a name here, as one from outside of a container, libuv cannot wait for room. */
function hasName(fd: number): boolean {
  const { dev, ino } = fstatSync(fd);
  const there = unless(["ENOENT"], () => statSync(readlinkSync(`/proc/self/fd/${fd}`)));
  return there?.dev === dev && there.ino === ino;
}

/** A stream that writes to the same place, and waits by a description of its own. */
function openStream(fd: number): Socket {
  // ReadStream writes too, and WriteStream would stop the event loop. Both open the terminal anew.
  if (isatty(fd)) return new ReadStream(fd);
  const anew = openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK);
  return new Socket({ fd: anew, readable: false, writable: true });
}
