import { Backlog, type Piece } from "./backlog.ts";
import type { Lane, LaneAnswer, LaneRequest } from "./lane.ts";
import type { OutletEvents } from "./outlet.ts";

/** So much is written at a time. */
const MOST_AT_ONCE = 65_536;
/** Who writes to a log has to wait when it has so much waiting, and goes on when it has half of that. */
const MOST_WAITING = 131_072;
/** When all logs of a disk together have so much, who writes to any of them has to wait. */
const MOST_ON_LANE = 16 * 2 ** 20;

export interface LaneFileEvents {
  /** The file has been opened or emptied so often, and rotated so often. */
  moved(opened: number, rotated: number): void;
  /** Something has been written. */
  written(): void;
  /** Something went wrong that costs no output. */
  trouble(text: string): void;
  /** How long the disk took. */
  took(ms: number): void;
}

/** A log on a disk that may hang: everything that is done to it is done elsewhere, and later. */
export class LaneFile {
  readonly path: string;
  readonly #lane: Lane;
  readonly #log: number;
  readonly #rules: object;
  readonly #events: LaneFileEvents;
  /** Rotated where it is written. */
  readonly size = undefined;
  readonly tookMs = 0;

  constructor(path: string, rules: object, lane: Lane, events: LaneFileEvents) {
    this.path = path;
    this.#lane = lane;
    this.#log = lane.add();
    this.#rules = rules;
    this.#events = events;
  }

  get lane(): Lane {
    return this.#lane;
  }

  /** Nothing goes at once. */
  append(): number {
    return 0;
  }

  openOutlet<O>(events: OutletEvents<O> & { room(): void }): LaneOutlet<O> {
    return new LaneOutlet(this, events);
  }

  /** Has it done some time. What goes wrong with opening it comes with the next write. */
  begin(what: "open" | "reopen" | "rotate" | "clear"): void {
    void this.ask(what);
  }

  close(): void {
    void this.ask("close");
    this.#lane.remove();
  }

  /** Resolves with what became of it. */
  async ask(what: LaneRequest["do"], data?: Buffer): Promise<LaneAnswer> {
    const request = { log: this.#log, do: what, path: this.path, rules: this.#rules };
    const answer = await this.#lane.request(request, data);
    this.#events.took(answer.tookMs);
    if (answer.opened > 0) this.#events.moved(answer.opened, answer.rotated);
    if (answer.written > 0) this.#events.written();
    if (answer.trouble) this.#events.trouble(answer.trouble);
    return answer;
  }
}

/** What waits for a disk that may hang. One write is under way at a time. */
export class LaneOutlet<O> {
  readonly #file: LaneFile;
  readonly #events: OutletEvents<O> & { room(): void };
  readonly #backlog = new Backlog<O>();
  #busy = false;
  #open = true;
  #wasFull = false;

  constructor(file: LaneFile, events: OutletEvents<O> & { room(): void }) {
    this.#file = file;
    this.#events = events;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#backlog.bytes;
  }

  /** Who writes here is to wait. */
  get full(): boolean {
    const most = this.#file.lane.waiting > MOST_ON_LANE ? 0 : MOST_WAITING;
    return this.bytes > (this.#wasFull ? most / 2 : most);
  }

  /** @param chunk may be overwritten after this returns */
  push(chunk: Uint8Array, owner: O): void {
    this.#backlog.push(chunk, owner);
    this.#file.lane.waiting += chunk.length;
    this.#wasFull = this.full;
    if (!this.#busy) void this.#write();
  }

  /** Gives up what waits. What is under way may still be done. */
  close(): Piece<O>[] {
    this.#open = false;
    this.#file.lane.waiting -= this.bytes;
    return this.#backlog.takeAll();
  }

  async #write(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#open && this.bytes > 0) {
        const data = this.#backlog.first(MOST_AT_ONCE);
        const { written, errno } = await this.#file.ask("write", data);
        if (!this.#open) return;
        this.#file.lane.waiting -= written;
        this.#backlog.written(written);
        if (errno !== undefined) {
          this.#events.failed(Object.assign(new Error(errno), { code: errno }), this.close());
          return;
        }
        this.#tellRoom();
      }
    } finally {
      this.#busy = false;
    }
    if (this.#open) this.#events.emptied();
  }

  #tellRoom(): void {
    if (!this.#wasFull || this.bytes === 0) return;
    this.#wasFull = this.full;
    if (!this.#wasFull) this.#events.room();
  }
}
