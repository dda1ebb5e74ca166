import { Capture } from "../logs/capture.ts";
import { type ChannelReader, openForChild, readChannel } from "../os/channels.ts";
import type { Sink, Source } from "./sink.ts";

export interface StreamSpec {
  fifo: string;
  sink: Sink | undefined;
  captureMaxBytes: number;
  /** A message between capture tokens has come. */
  onMessage(data: Buffer): void;
}

/** Where the chunks of a stream go. */
interface Output {
  push(chunk: Buffer): void;
  end(): void;
}

/**
 * One output stream of a process, from its channel into its log. It outlives a child: what a
 * grandchild still holds open is read on, and the next child writes into the same channel.
 */
export class OutputStream {
  readonly #spec: StreamSpec;
  #reader: ChannelReader | undefined;
  #output: Output | undefined;

  constructor(spec: StreamSpec) {
    this.#spec = spec;
  }

  /**
   * The descriptor for a new child's stream, for the caller to close after the spawn.
   * @throws what the kernel gives when the log or the channel cannot be opened
   */
  open(user: { uid: number; gid: number } | undefined): number {
    this.listen();
    return openForChild(this.#spec.fifo, user);
  }

  /** Reads what comes from whoever holds the other end. @throws as `open` */
  listen(): void {
    if (this.#reader) return;
    this.#spec.sink?.acquire();
    try {
      const output = this.#connect();
      const { fifo } = this.#spec;
      const push = (chunk: Buffer) => output.push(chunk);
      const reader = readChannel(fifo, push, () => this.#ended());
      if (!reader) throw new Error(`${fifo} is gone`);
      this.#reader = reader;
      this.#output = output;
    } catch (error) {
      this.#spec.sink?.release();
      throw error;
    }
  }

  /** Takes in what a child has written so far: before its end is told, or the daemon's. */
  drain(): void {
    this.#reader?.drain();
  }

  /** Takes in what is there and stops reading, whoever may still hold the other end. */
  close(): void {
    if (!this.#reader) return;
    this.#reader.drain();
    this.#reader.close();
    this.#ended();
  }

  #ended(): void {
    this.#reader = undefined;
    this.#output?.end();
    this.#output = undefined;
    this.#spec.sink?.release();
  }

  #connect(): Output {
    const { sink, captureMaxBytes, onMessage } = this.#spec;
    const source: Source = sink ? sink.connect() : nowhere;
    if (captureMaxBytes <= 0) {
      return { push: (chunk) => source.write(chunk), end: () => source.end() };
    }
    const capture = new Capture(captureMaxBytes, {
      log: (chunk) => source.write(chunk),
      message: onMessage,
    });
    return {
      push: (chunk) => capture.push(chunk),
      end() {
        capture.end();
        source.end();
      },
    };
  }
}

const nowhere: Source = { write: () => undefined, end: () => undefined };
