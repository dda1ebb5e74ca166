import { AnsiStripper, stripAll } from "../logs/ansi.ts";
import { Capture } from "../logs/capture.ts";
import type { Mark } from "../logs/format.ts";
import type { Tally } from "../logs/losses.ts";
import { Recent } from "../logs/recent.ts";
import { type ChannelReader, openForChild, readChannel } from "../os/channels.ts";
import type { Source } from "./inlet.ts";
import type { Outputs } from "./outputs.ts";
import type { Postpone } from "./sink.ts";

export interface StreamSpec {
  fifo: string;
  outputs: Outputs;
  /** Terminal control sequences are taken out of what is written, and of messages. */
  stripAnsi: boolean;
  captureMaxBytes: number;
  /** A message between capture tokens has come. */
  onMessage(data: Buffer): void;
  /** Told of what is written to the log, and of messages before they are. */
  onLog?: ((data: Buffer) => void) | undefined;
  /** For what is in no hurry while other children wait to be started. */
  postpone?: Postpone;
  /** Told of all that comes. */
  onChunk: ((chunk: Buffer) => void) | undefined;
}

/** Where the chunks of a stream go. */
interface Pipeline {
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
  #source: Source | undefined;
  #pipeline: Pipeline | undefined;
  readonly #recent = new Recent();
  readonly #tally: Tally = { lost: 0 };
  /** Marks that come after output which there is no room for yet. */
  #late: Mark[] | undefined;

  constructor(spec: StreamSpec) {
    this.#spec = spec;
  }

  /**
   * The descriptor for a new child's stream, for the caller to close after the spawn.
   * @throws what the kernel gives when the log or the channel cannot be opened
   */
  open(user: { gid: number } | undefined): number {
    this.listen();
    return openForChild(this.#spec.fifo, user);
  }

  /** Reads what comes from whoever holds the other end. @throws as `open` */
  listen(): void {
    if (this.#reader) return;
    const { fifo, outputs, onChunk, postpone } = this.#spec;
    outputs.acquire(this, postpone);
    try {
      const source = outputs.connect(this.#tally);
      const pipeline = this.#pipelineInto(source);
      const push = (chunk: Buffer) => {
        this.#recent.push(chunk);
        onChunk?.(chunk);
        pipeline.push(chunk);
      };
      const reader = readChannel(fifo, push, () => this.#ended());
      if (!reader) throw Object.assign(new Error(`${fifo} is gone`), { code: "ENOENT" });
      this.#reader = reader;
      this.#source = source;
      this.#pipeline = pipeline;
      if (outputs.full) this.pause();
    } catch (error) {
      outputs.release(this);
      throw error;
    }
  }

  /** Its log has no room, and it is not read meanwhile. */
  get isHeld(): boolean {
    return this.#spec.outputs.full;
  }

  /** For the log, when it has no room: the child waits once its channel is full. */
  pause(): void {
    this.#reader?.pause();
  }

  /** One of its logs has room again; where there are several, another may have none. */
  resume(): void {
    const { outputs } = this.#spec;
    if (outputs.full) return;
    if (this.#late) {
      this.drain();
      if (outputs.full) return;
      this.#markLate();
    }
    this.#reader?.resume();
  }

  /**
   * Takes in what a child has written so far: before its end is told, or the daemon's. What the log
   * has no room for stays in the channel and is taken in later: an end is told at once, however long
   * whoever reads the log takes.
   */
  drain(): void {
    const { outputs } = this.#spec;
    this.#reader?.drain(() => !outputs.full);
  }

  /** @throws as `Sink.clear` */
  clearLog(): void {
    this.#spec.outputs.clear();
  }

  /** The last lines that came since `forget`, for people. */
  lastLines(): string[] {
    return this.#recent.lines(this.#spec.stripAnsi ? stripAll : undefined);
  }

  /** How many bytes of it never came into its log. */
  get lostBytes(): number {
    return this.#tally.lost;
  }

  /** A new child begins: what came before it and is held back still is not a part of its output. */
  forget(): void {
    if (this.#holds && this.#reader) {
      this.drain();
      // Where there is no room the rest of what is held is in the channel still.
      if (!this.#spec.outputs.full) this.#pipeline?.end();
    }
    this.#recent.clear();
  }

  /**
   * Puts a line of the daemon's own into the logs.
   * @throws what the kernel gives when they are not open and cannot be
   */
  mark(mark: Mark): void {
    const { outputs } = this.#spec;
    if (!this.#source) {
      outputs.acquire();
      outputs.connect(this.#tally).mark?.(mark);
      outputs.release();
      return;
    }
    this.#late ??= [];
    this.#late.push(mark);
    if (!outputs.full) this.#markLate();
  }

  #markLate(): void {
    const marks = this.#late ?? [];
    this.#late = undefined;
    if (marks.length === 0) return;
    this.#pipeline?.end();
    for (const mark of marks) this.#source?.mark?.(mark);
  }

  /**
   * Takes in what is there and stops reading, whoever may still hold the other end. What a log has
   * no room for is lost.
   */
  close(): void {
    const reader = this.#reader;
    if (!reader) return;
    this.drain();
    const rest = { pass: () => reader.drain(), discard: () => reader.discard() };
    this.#spec.outputs.takeRest(rest, this.#tally);
    reader.close();
    this.#ended();
  }

  #ended(): void {
    this.#markLate();
    this.#reader = undefined;
    this.#pipeline?.end();
    this.#pipeline = undefined;
    this.#source = undefined;
    this.#spec.outputs.release(this);
  }

  /** Something of a child's may be held back until more comes. */
  get #holds(): boolean {
    const { outputs, captureMaxBytes, stripAnsi } = this.#spec;
    return captureMaxBytes > 0 || stripAnsi || outputs.holdsLines;
  }

  #pipelineInto(log: Source): Pipeline {
    const { onLog } = this.#spec;
    return this.#pipelineTo(onLog ? toldOf(log, onLog) : log);
  }

  #pipelineTo(source: Source): Pipeline {
    const { captureMaxBytes, stripAnsi, onLog } = this.#spec;
    const onMessage = (data: Buffer) => {
      if (data.length > 0) onLog?.(data);
      this.#spec.onMessage(data);
    };
    const log: Pipeline = stripAnsi
      ? stripped(source)
      : { push: (chunk) => source.write(chunk), end: () => source.end() };
    if (captureMaxBytes <= 0) return log;
    const capture = new Capture(captureMaxBytes, {
      log: (chunk) => log.push(chunk),
      message: stripAnsi ? (data) => onMessage(stripAll(data)) : onMessage,
    });
    return {
      push: (chunk) => capture.push(chunk),
      end() {
        capture.end();
        log.end();
      },
    };
  }
}

const toldOf = (source: Source, onLog: (data: Buffer) => void): Source => ({
  ...source,
  write(chunk) {
    // Before the log has it: its writer may keep the chunk, or give it on.
    onLog(chunk);
    source.write(chunk);
  },
});

function stripped(source: Source): Pipeline {
  const stripper = new AnsiStripper();
  const pass = (chunk: Buffer) => {
    if (chunk.length > 0) source.write(chunk);
  };
  return {
    push: (chunk) => pass(stripper.push(chunk)),
    end() {
      pass(stripper.end());
      source.end();
    },
  };
}
