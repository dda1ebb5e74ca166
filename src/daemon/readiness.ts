import { connect } from "node:net";
import type { ProcessConfig } from "../config/config.ts";
import type { Ready } from "../config/kinds/readiness.ts";
import { LineCutter } from "../logs/linecutter.ts";
import { compilePattern } from "../logs/pattern.ts";
import { startErrand } from "../os/errand.ts";
import type { World } from "./world.ts";

/** Nobody tells when somebody begins to listen. */
const EVERY_MS = 200;
/** One try takes no longer. */
const TRY_MS = 5_000;

interface Parts {
  world: World;
  config: ProcessConfig;
  /** What its children have in their environment. */
  env: () => Record<string, string | undefined>;
  /** Has output told from here on; undefined: no more. */
  listen(heard: ((chunk: Buffer) => void) | undefined): void;
  ready(afterMs: number): void;
  late(): void;
}

/** Finds out when one child is ready, by its `ready=`. */
export class Readiness {
  readonly #parts: Parts;
  readonly #startedAt: number;
  readonly #over = new AbortController();
  #cancels: (() => void)[] = [];
  #state: "waiting" | "ready" | "late" = "waiting";

  constructor(parts: Parts) {
    this.#parts = parts;
    const { clock } = parts.world;
    this.#startedAt = clock.monotonicMs();
    const { ready, ready_timeout } = parts.config;
    this.#cancels.push(clock.after(ready_timeout, () => this.#settle("late")));
    if (ready.by === "log") void this.#hear(ready.pattern);
    else void this.#ask(ready);
  }

  get state(): "waiting" | "ready" | "late" {
    return this.#state;
  }

  async #hear(pattern: string): Promise<void> {
    const lines = new LineCutter();
    let early: Buffer[] | undefined = [];
    // What comes while the pattern is read counts as well.
    this.#parts.listen((chunk) => early?.push(Buffer.from(chunk)));
    const matches = await this.#compile(pattern);
    const heard = (chunk: Buffer) => {
      for (const { bytes } of lines.push(chunk)) if (matches(bytes)) this.#settle("ready");
    };
    for (const chunk of early) heard(chunk);
    early = undefined;
    if (this.#state === "waiting" && !this.#over.signal.aborted) {
      this.#parts.listen((chunk) => heard(Buffer.from(chunk)));
    }
  }

  /** What RE2 does not take never matches. */
  async #compile(pattern: string): Promise<(line: Buffer) => boolean> {
    try {
      return await compilePattern(pattern);
    } catch (error) {
      const { world, config } = this.#parts;
      world.log("error", `${config.name}: ready=log:/${pattern}/: ${error}`);
      return () => false;
    }
  }

  async #ask(ready: Ready): Promise<void> {
    while (this.#state === "waiting" && !this.#over.signal.aborted) {
      if (await this.#isReady(ready)) {
        this.#settle("ready");
        return;
      }
      await new Promise<void>((resolve) => {
        this.#cancels.push(this.#parts.world.clock.after(EVERY_MS, resolve));
      });
    }
  }

  async #isReady(ready: Ready): Promise<boolean> {
    switch (ready.by) {
      case "tcp":
        return await accepts(ready, this.#over.signal);
      case "http":
        return await answers(ready.url);
      case "exec":
        return await this.#succeeds(ready.words);
      default:
        return true;
    }
  }

  async #succeeds(argv: readonly string[]): Promise<boolean> {
    const { world, config, env } = this.#parts;
    const { softFiles, channels: folder, clock } = world;
    const { user, directory: cwd } = config;
    try {
      const asked = { argv, env: env(), cwd, user, softFiles, input: "", folder };
      const errand = startErrand(asked);
      const kill = () => errand.signal("SIGKILL");
      const cancel = clock.after(TRY_MS, kill);
      this.#over.signal.addEventListener("abort", kill, { once: true });
      const { exit } = await errand.ended;
      cancel();
      this.#over.signal.removeEventListener("abort", kill);
      return "code" in exit && exit.code === 0;
    } catch (error) {
      world.log("debug", `${config.name}: ready=exec: ${error}`);
      return false;
    }
  }

  #settle(state: "ready" | "late"): void {
    if (this.#state !== "waiting" || this.#over.signal.aborted) return;
    this.#state = state;
    this.#release();
    const { clock } = this.#parts.world;
    if (state === "late") this.#parts.late();
    else this.#parts.ready(clock.monotonicMs() - this.#startedAt);
  }

  #release(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    if (this.#parts.config.ready.by === "log") this.#parts.listen(undefined);
  }

  /** The child has ended. */
  close(): void {
    this.#over.abort();
    this.#release();
  }
}

function accepts({ host, port }: { host: string; port: number }, signal: AbortSignal) {
  return new Promise<boolean>((resolve) => {
    const socket = connect({ host, port });
    const end = (is: boolean) => {
      signal.removeEventListener("abort", give);
      socket.destroy();
      resolve(is);
    };
    const give = () => end(false);
    socket.setTimeout(TRY_MS, give);
    socket.on("connect", () => end(true));
    socket.on("error", give);
    signal.addEventListener("abort", give);
  });
}

async function answers(url: string): Promise<boolean> {
  const { get } = url.startsWith("https:") ? await import("node:https") : await import("node:http");
  return await new Promise<boolean>((resolve) => {
    const asked = get(url, { agent: false, timeout: TRY_MS }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 300);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.on("close", () => resolve(false));
  });
}
