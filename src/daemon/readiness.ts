import type { ProcessConfig } from "../config/config.ts";
import type { Probe } from "../config/kinds/readiness.ts";
import { ask } from "./probe.ts";
import type { World } from "./world.ts";

/** Nobody tells when somebody begins to listen. */
const EVERY_MS = 200;
/** One try takes no longer. */
const TRY_MS = 5_000;

interface Parts {
  world: World;
  config: ProcessConfig;
  env: Readonly<Record<string, string | undefined>>;
  ready(afterMs: number): void;
  late(): void;
}

/** Whether one child is ready, by its `ready=`; who hears it say so tells. */
export class Readiness {
  readonly #parts: Parts;
  readonly #startedAt: number;
  readonly #over = new AbortController();
  readonly #cancelLate: () => void;
  #cancelWait: () => void = () => undefined;
  #state: "waiting" | "ready" | "late" = "waiting";

  constructor(parts: Parts) {
    this.#parts = parts;
    const { clock } = parts.world;
    this.#startedAt = clock.monotonicMs();
    const { ready, ready_timeout } = parts.config;
    this.#cancelLate = clock.after(ready_timeout, () => this.#settle("late"));
    if (ready.by === "tcp" || ready.by === "http" || ready.by === "exec") void this.#ask(ready);
  }

  get state(): "waiting" | "ready" | "late" {
    return this.#state;
  }

  /** It has said so. */
  told(): void {
    this.#settle("ready");
  }

  async #ask(probe: Probe): Promise<void> {
    const { world, config, env } = this.#parts;
    const { signal } = this.#over;
    while (this.#state === "waiting" && !signal.aborted) {
      const why = await ask(probe, { world, config, env, timeoutMs: TRY_MS, signal });
      if (why === undefined) return this.#settle("ready");
      await new Promise<void>((resolve) => {
        this.#cancelWait = world.clock.after(EVERY_MS, resolve);
      });
    }
  }

  #settle(state: "ready" | "late"): void {
    if (this.#state !== "waiting" || this.#over.signal.aborted) return;
    this.#state = state;
    this.#cancelLate();
    if (state === "late") this.#parts.late();
    else this.#parts.ready(this.#parts.world.clock.monotonicMs() - this.#startedAt);
  }

  /** The child has ended. */
  close(): void {
    this.#over.abort();
    this.#cancelLate();
    this.#cancelWait();
  }
}
