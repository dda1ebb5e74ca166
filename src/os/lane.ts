import { type Helper, startHelper } from "./helper.ts";

/** What a log writer is to do with one log. */
export interface LaneRequest {
  /** The log's number. */
  log: number;
  do: "open" | "write" | "reopen" | "rotate" | "clear" | "close" | "look";
  path: string;
  /** How it is made and rotated, as the log writer understands it. */
  rules: object;
}

export interface LaneAnswer {
  /** How many bytes have gone. */
  written: number;
  /** Why not all of it was done; undefined: it was. */
  errno?: string;
  /** How often the file has been opened, or emptied, for this. */
  opened: number;
  /** How often it has been rotated for this. */
  rotated: number;
  /** What went wrong beside it, in words. */
  trouble?: string;
  /** How long it took. */
  tookMs: number;
}

/** How long the log writer stays without a log. */
const LINGER_MS = 10_000;

/** As if the request had failed: nobody knows how much of it was done. */
const unanswered: LaneAnswer = { written: 0, errno: "EPIPE", opened: 0, rotated: 0, tookMs: 0 };

/**
 * The way to the logs on one disk that may hang: a process of its own writes them. A thread would do as
 * well until the end: a process of which one thread stands still in a write cannot end, whoever kills
 * it, and nobody would see this one end for as long as the disk hangs.
 */
export class Lane {
  readonly #start: (events: Parameters<typeof startHelper>[1]) => Helper;
  readonly #pending = new Map<number, (answer: LaneAnswer) => void>();
  #helper: Helper | undefined;
  #requests = 0;
  #logs = 0;
  #users = 0;
  #cancelEnd: () => void = () => undefined;
  /** It has not answered in time, and is not asked any more. */
  #stuck = false;
  #over = false;
  /** Bytes of all logs that wait here. */
  waiting = 0;

  /** @param script the log writer; @param folder for its pipes */
  constructor(device: string, { script, folder }: { script: string; folder: string }) {
    const name = `droverd: logs on ${device}`;
    this.#start = (events) => startHelper({ script, folder, name }, events);
  }

  /** One more log, until it is removed. @returns its number */
  add(): number {
    this.#users++;
    this.#cancelEnd();
    this.#helper?.hold(!this.#over);
    return ++this.#logs;
  }

  /** A log that has been closed. Another one may be opened soon, as by a program that starts again. */
  remove(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#helper?.hold(false);
    const timer = setTimeout(() => this.#end(), LINGER_MS).unref();
    this.#cancelEnd = () => clearTimeout(timer);
  }

  /** Resolves with what became of it, which may take for ever. */
  request(request: LaneRequest, data: Uint8Array = nothing): Promise<LaneAnswer> {
    return new Promise((resolve) => {
      if (this.#stuck) {
        resolve(unanswered);
        return;
      }
      const numbered = { ...request, id: this.#requests++ };
      this.#pending.set(numbered.id, resolve);
      try {
        this.#helper ??= this.#connect();
        this.#helper.write(numbered, data);
      } catch (error) {
        this.#pending.delete(numbered.id);
        const { code = String(error) } = error as NodeJS.ErrnoException;
        resolve({ ...unanswered, errno: code });
      }
    });
  }

  /** Whether the disk answers now, and to all that it has been asked before. @param withinMs at most so long */
  async answers(path: string, withinMs: number): Promise<boolean> {
    const log = this.add();
    const answered = this.request({ log, do: "look", path, rules: {} }).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), withinMs);
    });
    try {
      return await Promise.race([answered, late]);
    } finally {
      clearTimeout(timer);
      this.remove();
    }
  }

  /** For the daemon's end: it waits no more, and not at all for what has no answer by now. */
  giveUp(): void {
    this.#over = true;
    this.#stuck = this.#pending.size > 0;
    if (this.#stuck) this.#gone();
    else if (this.#users === 0) this.#end();
    else this.#helper?.hold(false);
  }

  #end(): void {
    this.#helper?.end();
    this.#helper = undefined;
  }

  #connect(): Helper {
    const helper = this.#start({
      answered: (answer) => this.#answered(answer as LaneAnswer & { id: number }),
      gone: () => this.#gone(),
    });
    helper.hold(!this.#over);
    return helper;
  }

  #answered({ id, ...answer }: LaneAnswer & { id: number }): void {
    const resolve = this.#pending.get(id);
    this.#pending.delete(id);
    resolve?.(answer);
  }

  /** The next request has a new one. */
  #gone(): void {
    this.#end();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const resolve of pending) resolve(unanswered);
  }
}

const nothing = Buffer.alloc(0);
