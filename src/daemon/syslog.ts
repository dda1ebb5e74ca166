import type { Tally } from "../logs/losses.ts";
import { SyslogLines, syslogHead } from "../logs/syslog.ts";
import type { Clock } from "../os/clock.ts";
import { type DatagramSocket, openDatagramSocket } from "../os/datagram.ts";
import type { Source } from "./inlet.ts";
import type { SinkReports } from "./sink.ts";

export interface SyslogSpec {
  /** The socket that it listens on. */
  path: string;
  ident: string;
}

interface Message {
  bytes: Buffer;
  tally: Tally | undefined;
}

type Reports = Pick<SinkReports, "failing" | "recovered" | "abandoned">;

/** Most bytes that wait for a syslog that is behind. */
const MOST_WAITING = 1_048_576;
const FIRST_RETRY_MS = 1;
const SELDOM_MS = 100;

/**
 * The machine's syslog. Nobody waits for it: what it has no room for is tried again in a moment, as
 * no event tells when there is room; what is too much to be kept, or cannot be sent at all, is lost and
 * counted.
 */
export class Syslog {
  readonly #spec: SyslogSpec;
  readonly #clock: Clock;
  readonly #reports: Reports;
  readonly #waiting: Message[] = [];
  #waitingBytes = 0;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #untilSent = new Set<() => void>();
  #socket: DatagramSocket | undefined;
  #lost = 0;
  #why = "";
  /** The head of a message changes once a second, and never its length. */
  #head = { second: -1, bytes: Buffer.alloc(0) };

  constructor(spec: SyslogSpec, clock: Clock, reports: Reports) {
    this.#spec = spec;
    this.#clock = clock;
    this.#reports = reports;
  }

  /** Sends one message, now or in a moment. */
  send(text: string): void {
    this.#send([Buffer.from(text)], undefined);
  }

  /** A way in for one stream, whose lines have a name before them. @param tally of what is lost of it */
  connect(name: string, tally?: Tally): Source {
    const lines = new SyslogLines();
    const head = Buffer.from(`${name} `);
    const send = (texts: readonly Buffer[]) => {
      for (const text of texts) this.#send([head, text], tally);
    };
    return {
      write: (chunk) => send(lines.push(chunk)),
      end: () => send(lines.flush()),
      mark: ({ text }) => this.send(`${name} [drover: ${text}]`),
    };
  }

  /** Resolves when nothing waits. @param withinMs or after so long */
  async untilSent(withinMs: number): Promise<void> {
    if (this.#waiting.length === 0 || withinMs <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(withinMs, resolve);
      this.#untilSent.add(() => {
        cancel();
        resolve();
      });
    });
  }

  /** For the daemon's end: what waits still is lost. */
  close(): void {
    this.#cancelRetry?.();
    this.#lose(this.#waiting, "EAGAIN");
    this.#forgetWaiting();
    if (this.#lost > 0) this.#reports.abandoned(this.#spec.path, this.#lost);
    this.#lost = 0;
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** @param parts are only read until this returns */
  #send(parts: readonly Buffer[], tally: Tally | undefined): void {
    const message = { bytes: Buffer.concat([this.#headNow(), ...parts]), tally };
    if (this.#waiting.length > 0) this.#keep(message);
    else this.#sendNow(message);
  }

  #sendNow(message: Message): void {
    // What is missing is told first.
    const why = this.#mark() ?? this.#try(message.bytes);
    if (why === undefined) return;
    if (isBusy(why)) this.#keep(message);
    else this.#lose([message], why);
  }

  /** @returns why it could not be sent */
  #try(bytes: Buffer): string | undefined {
    this.#socket ??= openDatagramSocket(this.#spec.path);
    return this.#socket ? this.#socket.send(bytes) : missing;
  }

  #keep(message: Message): void {
    if (this.#waitingBytes + message.bytes.length > MOST_WAITING) {
      this.#lose([message], "EAGAIN");
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes.length;
    this.#cancelRetry ??= this.#clock.after(this.#retryMs, () => this.#retry());
  }

  #retry(): void {
    this.#cancelRetry = undefined;
    let sent = 0;
    let why: string | undefined;
    for (const { bytes } of this.#waiting) {
      why = this.#try(bytes);
      if (why !== undefined) break;
      this.#waitingBytes -= bytes.length;
      sent++;
    }
    this.#waiting.splice(0, sent);
    if (why !== undefined && isBusy(why)) {
      // As long as it is read the next turn of the loop is the time: its queue may be ten messages.
      const pauseMs = Math.max(FIRST_RETRY_MS, this.#retryMs * 2);
      this.#retryMs = sent > 0 ? 0 : Math.min(pauseMs, SELDOM_MS);
      this.#cancelRetry = this.#clock.after(this.#retryMs, () => this.#retry());
      return;
    }
    if (why !== undefined) this.#lose(this.#waiting, why);
    this.#forgetWaiting();
    this.#retryMs = FIRST_RETRY_MS;
    this.#mark();
  }

  #forgetWaiting(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    for (const tell of this.#untilSent) tell();
    this.#untilSent.clear();
  }

  #lose(messages: readonly Message[], why: string): void {
    if (messages.length === 0) return;
    const head = this.#headNow().length;
    for (const { bytes, tally } of messages) {
      const lost = bytes.length - head;
      this.#lost += lost;
      if (tally) tally.lost += lost;
    }
    if (why === this.#why) return;
    this.#why = why;
    this.#reports.failing(this.#spec.path, why, false);
  }

  /** Says in the log itself what is missing there, if anything is. @returns why it could not */
  #mark(): string | undefined {
    if (this.#lost === 0) return undefined;
    const lost = this.#lost;
    const text = `[drover: ${lost} bytes of output lost here: ${this.#why}]`;
    const why = this.#try(Buffer.concat([this.#headNow(), Buffer.from(text)]));
    if (why !== undefined) return why;
    this.#lost = 0;
    this.#why = "";
    this.#reports.recovered(this.#spec.path, lost);
    return undefined;
  }

  #headNow(): Buffer {
    const now = this.#clock.wallMs();
    const second = Math.floor(now / 1_000);
    if (second !== this.#head.second) {
      this.#head = { second, bytes: Buffer.from(syslogHead(this.#spec.ident, new Date(now))) };
    }
    return this.#head.bytes;
  }
}

const missing = "the optional package koffi is not installed";

/** There will be room again. */
const isBusy = (why: string): boolean => why === "EAGAIN" || why === "ENOBUFS";
