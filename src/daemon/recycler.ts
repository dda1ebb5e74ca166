import { isAtRest } from "../process/chart.ts";
import type { State } from "../process/step.ts";
import type { Supervised } from "./supervised.ts";
import type { World } from "./world.ts";

interface Request {
  process: Supervised;
  /** Of the child that is to be replaced. */
  pid: number;
  reason: string;
}

/** Replaces processes of one group by fresh ones, never more at a time than they allow. */
export class Recycler {
  readonly #log: World["log"];
  readonly #waiting: Request[] = [];
  readonly #underWay = new Set<Supervised>();

  constructor({ log }: World) {
    this.#log = log;
  }

  /** @param reason what the process is stopped by, such as `max_lifetime of 1h` */
  request(process: Supervised, reason: string): void {
    const known = this.#waiting.some((request) => request.process === process);
    if (known || this.#underWay.has(process)) return;
    this.#waiting.push({ process, pid: process.pid, reason });
    this.#next();
  }

  #next(): void {
    const [request] = this.#waiting;
    if (!request) return;
    const { process, pid, reason } = request;
    if (this.#underWay.size >= process.config.recycle_at_once) return;
    this.#waiting.shift();
    // It may have ended while it waited for its turn, and a fresh one may be there already.
    if (process.state.name === "RUNNING" && process.pid === pid) this.#replace(process, reason);
    this.#next();
  }

  #replace(process: Supervised, reason: string): void {
    const { name } = process.config;
    this.#log("info", `recycling '${name}' (pid ${process.pid}): ${reason}`);
    this.#underWay.add(process);
    process.recycle(reason);
    void process.until(isBack).then(() => {
      this.#underWay.delete(process);
      this.#next();
    });
  }
}

/** The fresh one runs, or there will be none by itself. */
const isBack = (state: State): boolean => state.name === "RUNNING" || isAtRest(state);
