import type { ProcessConfig } from "../config/config.ts";
import type { Extra } from "../os/children.ts";
import { type Policy, PRELUDE } from "../process/policy.ts";
import type { State } from "../process/step.ts";
import type { ChildMaker } from "./child.ts";
import { isAttended, Vitals } from "./vitals.ts";
import type { World } from "./world.ts";

/** Who has been up for so long has not come back ill. */
const FORGIVEN_AFTER_MS = 600_000;

interface Parts {
  world: World;
  maker: ChildMaker;
  /** As it is configured now. */
  config(): ProcessConfig;
  /** Of the child; 0: there is none. */
  pid(): number;
  uptimeMs(): number;
  changed(): void;
  late(why: string): void;
  /** The child is to be put down; `inARow`: as its predecessors, so many with it. */
  unhealthy(inARow: number, why: string): void;
  quieted(): void;
}

/** Looks after the children of a process, where its program asks for more than that they run. */
export class Attention {
  readonly #parts: Parts;
  #vitals: Vitals | undefined;
  /** How often in a row a child had to be put down because it worked no more. */
  #illnesses = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** What is known of the child; undefined: nothing beside that it runs. */
  get vitals(): Omit<Vitals, "begin" | "adopt" | "close"> | undefined {
    return this.#vitals;
  }

  /**
   * A child is about to be started.
   * @returns a descriptor that it is to have as well
   * @throws SpawnError
   */
  prepare(): Extra | undefined {
    if (!isAttended(this.#parts.config())) return undefined;
    this.#vitals = this.#attend();
    return this.#vitals.openPipe();
  }

  /** It is there. */
  begin(pid: number): void {
    this.#vitals?.begin(pid);
  }

  /** A child is there that is only to be stopped, or was started when nothing was asked of it. */
  adopt(pid: number): void {
    if (this.#vitals || !isAttended(this.#parts.config())) return;
    try {
      this.#vitals = this.#attend();
      this.#vitals.adopt(pid);
    } catch (error) {
      this.#parts.world.log("error", String(error));
    }
  }

  /** There is no child, or none any more. */
  end(): void {
    this.#vitals?.close();
    this.#vitals = undefined;
  }

  #attend(): Vitals {
    const { world, maker, changed, late, quieted } = this.#parts;
    return new Vitals({ world, maker, changed, late, quieted, ill: (why) => this.#fellIll(why) });
  }

  /** Has it put down, unless that it is ill is only to be told. */
  #fellIll(why: string): void {
    const { world, config, pid, uptimeMs, unhealthy } = this.#parts;
    const ill = pid();
    world.freezer.whenThawed(() => {
      const { unhealthy_action, backoff_reset_after } = config();
      if (pid() !== ill || unhealthy_action === "none" || !this.#vitals?.illness) return;
      const isOld = uptimeMs() >= (backoff_reset_after ?? FORGIVEN_AFTER_MS);
      this.#illnesses = isOld ? 1 : this.#illnesses + 1;
      unhealthy(this.#illnesses, why);
    });
  }

  /** Whether somebody has asked the child already to take no more jobs, which this stop begins with. */
  hasAsked(state: State): boolean {
    return isBeingQuieted(state) && this.#vitals?.quiet === "asked";
  }

  /** The child is in a state in which it is being stopped. */
  stopping(state: State, { quiet_ready }: Policy): void {
    this.#vitals?.rest();
    // A time is the state's own.
    if (isBeingQuieted(state) && quiet_ready?.by !== "time") {
      this.#vitals?.askedForQuiet(this.#parts.config().quiet_ready);
    }
  }

  /**
   * Has the child take no more jobs.
   * @param signal sends it a signal; false: there is none any more
   * @returns false when there is no child
   */
  quiet(signal: () => boolean): boolean {
    const { quiet_ready, quiet_timeout } = this.#parts.config();
    this.adopt(this.#parts.pid());
    if (this.#vitals?.quiet) return true;
    if (!signal()) return false;
    this.#vitals?.askedForQuiet(quiet_ready ?? { by: "time", ms: quiet_timeout });
    return true;
  }
}

const isBeingQuieted = (state: State): boolean =>
  state.name === "STOPPING" && state.act === PRELUDE && state.prelude === "quiet";
