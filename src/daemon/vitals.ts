import path from "node:path";
import type { ProcessConfig } from "../config/config.ts";
import type { QuietReady } from "../config/kinds/readiness.ts";
import { watchTouches } from "../os/beatfile.ts";
import { hearsDatagrams, openInbox } from "../os/inbox.ts";
import { openReadyPipe, type ReadyPipe } from "../os/readypipe.ts";
import { readNotice } from "../process/notice.ts";
import { formatMs } from "../process/policy.ts";
import { channelName } from "./channelname.ts";
import type { ChildMaker } from "./child.ts";
import { isScarce, SpawnError } from "./errors.ts";
import { Health, isExamined } from "./health.ts";
import { LineEar } from "./lineear.ts";
import { Readiness } from "./readiness.ts";
import { isHeard, isToNotify, voicesOf } from "./voices.ts";
import type { World } from "./world.ts";

interface Parts {
  world: World;
  maker: ChildMaker;
  /** Something of it is another than it was. */
  changed(): void;
  /** It has not become ready in time. */
  late(why: string): void;
  /** It works no more. */
  ill(why: string): void;
  /** It has been asked to take no more jobs, and has none. */
  quieted(): void;
}

/** Whether anything of a program's children is of interest, beside that they run. */
export const isAttended = (config: ProcessConfig): boolean =>
  config.ready.by !== "startsecs" || config.quietsignal !== undefined || isExamined(config);

/** What is known of one child beside that it runs: whether it is ready, well, quiet; what it says. */
export class Vitals {
  readonly #parts: Parts;
  readonly #config: ProcessConfig;
  readonly #closes: (() => void)[] = [];
  #pipe: ReadyPipe | undefined;
  #pid = 0;
  #readiness: Readiness | undefined;
  #health: Health | undefined;
  #isEnding = false;
  #says = "";
  #quiet: "asked" | "quiet" | undefined;
  #quietReady: QuietReady | undefined;
  #readyEar: LineEar | undefined;
  #quietEar: LineEar | undefined;
  #isMute = false;

  /** Before its child is there, so that nothing is missed. @throws SpawnError */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.#config = parts.maker.config;
    try {
      this.#openVoices();
    } catch (error) {
      this.close();
      const why = error instanceof Error ? error.message : String(error);
      const message = `cannot listen to '${this.#config.name}': ${why}`;
      throw new SpawnError(message, isScarce(error), { cause: error });
    }
  }

  #openVoices(): void {
    const { user, name } = this.#config;
    const { log, meeting } = this.#parts.world;
    const { notify, heartbeat } = voicesOf(this.#config, meeting.path, hearsDatagrams());
    if (notify !== undefined || heartbeat !== undefined) meeting.make();
    if (notify !== undefined) {
      const inbox = openInbox(notify, user, (text) => this.#heard(text));
      this.#closes.push(() => inbox?.close());
    }
    this.#isMute = notify === undefined && isToNotify(this.#config);
    if (this.#isMute) {
      const what = "npm's optional package koffi, by which NOTIFY_SOCKET is read, is not there";
      const so = this.#config.ready.by === "notify" ? ": ready=notify is as startsecs" : "";
      log("warn", `${name}: ${what}${so}`);
    }
    if (heartbeat === undefined) return;
    const touched = () => this.#health?.beat();
    const failed = (error: unknown) => log("error", `cannot watch ${heartbeat}: ${error}`);
    this.#closes.push(watchTouches(heartbeat, user, { touched, failed }));
  }

  /** A pipe that its child is to have, and as which descriptor. @throws SpawnError */
  openPipe(): { fd: number; target: number } | undefined {
    const { ready, name } = this.#config;
    if (ready.by !== "fd") return undefined;
    const { log, channels } = this.#parts.world;
    const ended = () => {
      if (this.#readiness?.state !== "waiting") return;
      log("warn", `${name} has closed descriptor ${ready.fd}, and has not said that it is ready`);
    };
    try {
      const file = path.join(channels, `${channelName(this.#config)}.ready`);
      this.#pipe = openReadyPipe(file, { ready: () => this.#readiness?.told(), ended });
    } catch (error) {
      throw new SpawnError(`cannot make a pipe for '${name}': ${error}`, isScarce(error));
    }
    return { fd: this.#pipe.fd, target: ready.fd };
  }

  /** Its child is there. */
  begin(pid: number): void {
    this.#pid = pid;
    this.#pipe?.handedOver();
    const { world, maker } = this.#parts;
    const env = { ...maker.environment(), MAINPID: String(pid) };
    if (isExamined(this.#config)) {
      const ill = (why: string) => this.#fellIll(why);
      const well = () => this.#recovered();
      const isHeld = () => maker.stdio.isHeld;
      this.#health = new Health({ world, config: () => maker.config, env, isHeld, ill, well });
    }
    const { ready } = this.#config;
    if (ready.by !== "startsecs") {
      const isReady = (afterMs: number) => this.#becameReady(afterMs);
      const late = () => this.#wasLate();
      this.#readiness = new Readiness({ world, config: maker.config, env, ready: isReady, late });
    } else this.#health?.begin();
    if (ready.by === "log") {
      this.#readyEar = this.#listenFor(`ready=log:/${ready.pattern}/`, ready.pattern, () =>
        this.#readiness?.told(),
      );
    }
    this.#listen();
    if (ready.by === "notify" && this.#isMute) this.#readiness?.told();
  }

  /** A child is there that is only to be stopped, or asked to take no more jobs. */
  adopt(pid: number): void {
    this.#pid = pid;
    this.#listen();
  }

  /** Has its output heard, where anything in it matters. */
  #listen(): void {
    if (!isHeard(this.#config)) return;
    this.#parts.maker.stdio.onOutput = (chunk) => {
      this.#readyEar?.push(chunk);
      this.#quietEar?.push(chunk);
      this.#health?.wrote();
    };
  }

  #listenFor(option: string, pattern: string, heard: () => void): LineEar {
    const { log } = this.#parts.world;
    const failed = (error: unknown) => log("error", `${this.#config.name}: ${option}: ${error}`);
    return new LineEar(pattern, { heard, failed });
  }

  get ready(): boolean {
    return (this.#readiness?.state ?? "ready") === "ready" && !this.#isEnding;
  }

  get late(): boolean {
    return this.#readiness?.state === "late";
  }

  /** What it says of itself; empty: nothing. */
  get says(): string {
    return this.#says;
  }

  /** undefined: nothing is looked at; null: it has not been found out yet. */
  get health(): "healthy" | "unhealthy" | null | undefined {
    return this.#health?.verdict;
  }

  /** What is wrong with it. */
  get illness(): string | undefined {
    return this.#health?.ill;
  }

  /** Whether it has been asked to take no more jobs, and whether it has none. */
  get quiet(): "asked" | "quiet" | undefined {
    return this.#quiet;
  }

  #heard(text: string): void {
    const { ready, stopping, beat, ill, status } = readNotice(text);
    if (status !== undefined) this.#says = status;
    if (ready && this.#config.ready.by === "notify") this.#readiness?.told();
    if (beat) this.#health?.beat();
    if (ill) this.#health?.triggered();
    if (stopping && !this.#isEnding) {
      this.#isEnding = true;
      this.#health?.close();
      this.#parts.world.log("debug", `${this.#config.name} says that it is about to end`);
    }
    if (status !== undefined) this.#lookWhetherQuiet();
    if (status !== undefined || stopping) this.#parts.changed();
  }

  #becameReady(afterMs: number): void {
    const { world, changed } = this.#parts;
    const { name: process, group } = this.#config;
    this.#readyEar = undefined;
    world.log("info", `${process} is ready after ${Math.round(afterMs)} ms`);
    world.events.emit("READINESS_READY", { process, group, pid: this.#pid });
    this.#health?.begin();
    changed();
  }

  #wasLate(): void {
    const { world, changed, late } = this.#parts;
    const { name: process, group } = this.#config;
    const error = `not ready within ready_timeout=${formatMs(this.#config.ready_timeout)}`;
    world.log("warn", `${process} is ${error}`);
    world.events.emit("READINESS_TIMEOUT", { process, group, pid: this.#pid, error });
    changed();
    late(error);
  }

  #fellIll(error: string): void {
    const { world, changed, ill } = this.#parts;
    const { name: process, group } = this.#config;
    world.log("warn", `'${process}' (pid ${this.#pid}) is unhealthy: ${error}`);
    world.events.emit("HEALTH_UNHEALTHY", { process, group, pid: this.#pid, error });
    changed();
    ill(error);
  }

  #recovered(): void {
    const { world, changed } = this.#parts;
    const { name: process, group } = this.#config;
    world.log("info", `'${process}' (pid ${this.#pid}) is healthy again`);
    world.events.emit("HEALTH_RECOVERED", { process, group, pid: this.#pid });
    changed();
  }

  /** It has been asked to take no more jobs. @param by what tells that it has none */
  askedForQuiet(by: QuietReady | undefined): void {
    if (this.#quiet) return;
    this.#quiet = "asked";
    this.#quietReady = by;
    if (by?.by === "time") {
      this.#closes.push(this.#parts.world.clock.after(by.ms, () => this.#becameQuiet()));
    }
    if (by?.by === "log") {
      const heard = () => this.#becameQuiet();
      this.#quietEar = this.#listenFor(`quiet_ready=log:/${by.pattern}/`, by.pattern, heard);
    }
    this.#parts.changed();
  }

  #lookWhetherQuiet(): void {
    const by = this.#quietReady;
    if (by?.by === "status" && this.#says.trim() === by.text) this.#becameQuiet();
  }

  #becameQuiet(): void {
    if (this.#quiet !== "asked") return;
    this.#quiet = "quiet";
    this.#quietEar = undefined;
    const { log, events } = this.#parts.world;
    const { name: process, group } = this.#config;
    log("info", `'${process}' (pid ${this.#pid}) is quiet`);
    events.emit("READINESS_QUIET", { process, group, pid: this.#pid });
    this.#parts.changed();
    this.#parts.quieted();
  }

  /** It is being stopped: it need not be well any more. */
  rest(): void {
    this.#health?.close();
  }

  /** There is no child, or none any more. */
  close(): void {
    this.#readiness?.close();
    this.#health?.close();
    this.#pipe?.close();
    this.#parts.maker.stdio.onOutput = undefined;
    for (const close of this.#closes.splice(0)) close();
  }
}
