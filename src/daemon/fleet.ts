import type { GroupConfig, ProcessConfig } from "../config/config.ts";
import { Fault } from "../faults.ts";
import { makeFifos, makesFifosAtOnce } from "../os/channels.ts";
import { postponeOptimizing } from "../os/heap.ts";
import { isAtRest } from "../process/chart.ts";
import { stopSteps } from "../process/needs.ts";
import { byName, parseNamespec } from "../process/order.ts";
import { isStopped } from "../process/states.ts";
import { channelName } from "./channelname.ts";
import { FileWatches } from "./filewatch.ts";
import { ListenerPool } from "./listeners.ts";
import { watchMemory } from "./memorywatch.ts";
import { Recycler } from "./recycler.ts";
import { channelsOf } from "./stdio.ts";
import { stopInTurn } from "./stopinturn.ts";
import { Supervised } from "./supervised.ts";
import { endStranger } from "./survivors.ts";
import { Ticks } from "./ticks.ts";
import type { World } from "./world.ts";

interface Group {
  name: string;
  priority: number;
  processes: Supervised[];
  /** Of event listeners. */
  pool: ListenerPool | undefined;
}

/** How often a shutdown that takes its time says for whom it waits. */
const REPORT_MS = 3_000;
/** How long whoever reads a log that is full may take for the last output. */
const LAST_WORDS_MS = 1_000;

/** All processes, in their groups. */
export class Fleet {
  readonly #world: World;
  /** In their order of starting. */
  readonly #groups: Group[] = [];
  /** In the order of `status`. */
  #listed: readonly Supervised[] = [];
  #closing = false;
  readonly #ticks: Ticks;
  #stopWatchingMemory: () => void = () => undefined;
  readonly #files: FileWatches;
  /** What is left of programs that are not configured any more, on its way out. */
  readonly #strangers: Promise<void>[] = [];

  constructor(groups: readonly GroupConfig[], world: World) {
    this.#world = world;
    this.#ticks = new Ticks(world);
    this.#files = new FileWatches(world);
    this.#take(groups);
  }

  #take(groups: readonly GroupConfig[]): Group[] {
    const world = this.#world;
    const configs = groups.flatMap(({ processes }) => processes);
    // Else each is made for its first start: between two of these the daemon can answer.
    if (makesFifosAtOnce()) {
      makeFifos(configs.flatMap((config) => channelsOf(config, world.channels)));
    }
    const taken = groups.map(({ name, priority, processes: members, pool: listens }) => {
      const recycler = new Recycler(world);
      const processes = members.map((config) => new Supervised(config, world, recycler));
      const pool = listens && new ListenerPool({ ...listens, name }, processes, world);
      // A pool is told of itself, and of what comes after it.
      world.events.emit("PROCESS_GROUP_ADDED", { group: name });
      return { name, priority, processes, pool };
    });
    this.#groups.push(...taken);
    // Stable: of equal priority, those come last that came last.
    this.#groups.sort((a, b) => a.priority - b.priority);
    this.#list();
    return taken;
  }

  #list(): void {
    const all = this.#groups.flatMap(({ processes }) => processes);
    this.#listed = all.sort((a, b) => byName(a.config, b.config));
    this.#world.needs.follow(this.#listed);
  }

  /** In the order of `status`. */
  get listed(): readonly Supervised[] {
    return this.#listed;
  }

  get needs(): World["needs"] {
    return this.#world.needs;
  }

  has(group: string): boolean {
    return this.#groups.some(({ name }) => name === group);
  }

  /**
   * Takes over one more group, and starts of it what is to start by itself.
   * @throws what the kernel gives when there is no room for its channels
   */
  add(group: GroupConfig): void {
    for (const { processes } of this.#take([group])) {
      for (const process of processes) if (process.config.autostart) process.start();
    }
    this.#watch();
  }

  /**
   * Makes a group one of plain programs be as it is configured now, and leaves alone what need not
   * change: those that go are stopped, all at once, and those that come are started.
   * @param going the processes that are no more, or are to be made anew
   * @param coming those that are new, or made anew
   * @throws Fault BAD_NAME; SHUTDOWN_STATE when the daemon goes down meanwhile
   */
  async change(
    after: GroupConfig,
    { going, coming }: { going: ReadonlySet<string>; coming: GroupConfig },
  ): Promise<void> {
    const group = this.#groups.find(({ name }) => name === after.name);
    if (!group) throw new Fault("BAD_NAME", after.name);
    const leaving = group.processes.filter(({ config }) => going.has(config.name));
    await this.#untilDown(leaving);
    if (this.#closing) throw new Fault("SHUTDOWN_STATE");
    for (const process of leaving) process.retire();
    const recycler = group.processes[0]?.recycler ?? new Recycler(this.#world);
    const made = coming.processes.map((config) => new Supervised(config, this.#world, recycler));
    const kept = group.processes.filter((process) => !leaving.includes(process));
    const known = new Map([...kept, ...made].map((process) => [process.config.name, process]));
    for (const config of after.processes) {
      const process = known.get(config.name);
      if (process && kept.includes(process))
        process.reconfigure(withLogsOf(config, process.config));
    }
    group.processes = after.processes.flatMap(({ name }) => known.get(name) ?? []);
    group.priority = after.priority;
    this.#groups.sort((a, b) => a.priority - b.priority);
    this.#list();
    for (const process of made) if (process.config.autostart) process.start();
    this.#watch();
  }

  /** Those with the highest numbers go first. Somebody may start one while it is waited for. */
  async #untilDown(processes: readonly Supervised[]): Promise<void> {
    for (let up = [...processes]; up.length > 0; up = up.filter(({ state }) => !isAtRest(state))) {
      const steps = stopSteps([up.toReversed()], this.#world.needs.dependentsOf);
      await stopInTurn(steps, "an update of the configuration");
    }
  }

  /** Stops all of a group. @throws Fault BAD_NAME */
  async halt(name: string): Promise<void> {
    await this.#untilDown(this.group(name));
  }

  /** Gives up a group. @throws Fault BAD_NAME; STILL_RUNNING when not all of it is down */
  remove(name: string): void {
    const processes = this.group(name);
    if (!processes.every(({ state }) => isStopped(state.name))) {
      throw new Fault("STILL_RUNNING", name);
    }
    const at = this.#groups.findIndex((group) => group.name === name);
    const [removed] = this.#groups.splice(at, 1);
    this.#list();
    removed?.pool?.close();
    for (const process of processes) process.retire();
    this.#world.events.emit("PROCESS_GROUP_REMOVED", { group: name });
    this.#watch();
  }

  /** Looks after what the processes that there are now use, and after their files. */
  #watch(): void {
    this.#stopWatchingMemory();
    this.#stopWatchingMemory = watchMemory(this.listed, this.#world);
    this.#files.follow(this.listed);
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** In the order in which `start all` and `stop all` take them. */
  get ordered(): Supervised[] {
    return this.#groups.flatMap(({ processes }) => byProcessPriority(processes));
  }

  /** @throws Fault BAD_NAME */
  group(name: string): Supervised[] {
    const group = this.#groups.find((candidate) => candidate.name === name);
    if (!group) throw new Fault("BAD_NAME", name);
    return byProcessPriority(group.processes);
  }

  /**
   * What a name stands for: one process, or the members of a group for `group:*`.
   * @throws Fault BAD_NAME
   */
  find(name: string): Supervised | Supervised[] {
    const spec = parseNamespec(name);
    const group = this.#groups.find((candidate) => candidate.name === spec.group);
    if (!group) throw new Fault("BAD_NAME", name);
    if (spec.process === undefined) return byProcessPriority(group.processes);
    const found = group.processes.find(({ config }) => config.name === spec.process);
    if (!found) throw new Fault("BAD_NAME", name);
    return found;
  }

  /** Events that a group of listeners was to have and had no room for; undefined: it is none. */
  droppedEvents(group: string): number | undefined {
    return this.#groups.find(({ name }) => name === group)?.pool?.overflowed;
  }

  /** Path of a process's log; undefined when there is no such process, stream or log. */
  logOf(name: string, stream: string): string | undefined {
    const { group, process } = parseNamespec(name);
    const found = this.listed.find(
      ({ config }) => config.group === group && config.name === process,
    );
    return stream === "stdout" || stream === "stderr" ? found?.logfile(stream) : undefined;
  }

  /**
   * Starts what is to start by itself. What an earlier daemon left when it was killed is stopped
   * first, so that no program ever runs twice.
   */
  autostart(): void {
    this.#world.launcher.afterwards(postponeOptimizing());
    this.#world.events.emit("SUPERVISOR_STATE_CHANGE_RUNNING", {});
    this.#world.events.onDemand = () => this.#ticks.update();
    this.#ticks.update();
    const inTheWay = this.#endSurvivors();
    for (const { processes } of this.#groups) {
      for (const process of processes) {
        const { autostart, socket } = process.config;
        if (!autostart || (inTheWay.has(process) && !socket)) continue;
        const cleared = untilSocketIsFree(process, inTheWay);
        if (cleared) void cleared.then(() => this.#closing || process.start());
        else process.start();
      }
    }
    this.#watch();
  }

  #endSurvivors(): ReadonlySet<Supervised> {
    const inTheWay = new Set<Supervised>();
    const byChannel = new Map(this.listed.map((process) => [channelName(process.config), process]));
    for (const entry of this.#world.ledger.survivors(this.#world.log)) {
      const process = byChannel.get(entry.channel);
      if (process && !inTheWay.has(process)) {
        inTheWay.add(process);
        const { autostart, socket } = process.config;
        // Those that share a socket start when the last of them is gone who has it.
        void process.endSurvivor(entry, autostart && !socket ? "start" : "rest");
      } else this.#strangers.push(endStranger(entry, this.#world));
    }
    return inTheWay;
  }

  /**
   * Stops everything: one group after another, the last started first, each only when the one
   * before is down; inside a group all members at once. Nothing starts any more.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#stopWatchingMemory();
    this.#files.close();
    this.#world.events.onDemand = () => undefined;
    this.#ticks.stop();
    this.#world.events.emit("SUPERVISOR_STATE_CHANGE_STOPPING", {});
    for (const process of this.listed) process.close();
    this.#reportWaiting();
    const stopReporting = this.#keepReporting();
    const groups = this.#groups.map(({ processes }) => byProcessPriority(processes).reverse());
    const steps = stopSteps(groups.reverse(), this.#world.needs.dependentsOf);
    await stopInTurn(steps, "the end of droverd");
    await Promise.all(this.#strangers);
    stopReporting();
    await this.#takeIn();
  }

  /** Waits a while for logs that have no room for the last output; what they then have none for is lost. */
  async #takeIn(): Promise<void> {
    const { sinks, syslog, clock } = this.#world;
    const deadline = clock.monotonicMs() + LAST_WORDS_MS;
    const wait = () => sinks.untilRoom(deadline - clock.monotonicMs());
    do {
      for (const process of this.listed) process.maker.stdio.drain();
    } while (await wait());
    for (const process of this.listed) process.release();
    while (await wait());
    await syslog.untilSent(deadline - clock.monotonicMs());
    sinks.giveUp();
  }

  #keepReporting(): () => void {
    const timer = setInterval(() => this.#reportWaiting(), REPORT_MS);
    return () => clearInterval(timer);
  }

  #reportWaiting(): void {
    const waiting = this.#groups
      .flatMap(({ processes }) => processes)
      .filter(({ state }) => !isAtRest(state))
      .map(({ config }) => config.name);
    if (waiting.length > 0) this.#world.log("info", `waiting for ${waiting.join(", ")} to die`);
  }
}

/** Survivors of its program have the socket that it shares. undefined: none of them is in its way. */
function untilSocketIsFree(
  { config: { socket, section } }: Supervised,
  inTheWay: ReadonlySet<Supervised>,
): Promise<unknown> | undefined {
  const holders = [...inTheWay].filter(({ config }) => socket && config.section === section);
  if (holders.length === 0) return undefined;
  return Promise.all(holders.map((holder) => holder.until(({ name }) => name !== "STOPPING")));
}

/** Which file AUTO stands for is known since it was started. */
const withLogsOf = (
  config: ProcessConfig,
  { stdout_logfile, stderr_logfile }: ProcessConfig,
): ProcessConfig => ({ ...config, stdout_logfile, stderr_logfile });

/** Stable: equal priorities keep their order. */
const byProcessPriority = (processes: readonly Supervised[]): Supervised[] =>
  processes.toSorted((a, b) => a.config.priority - b.config.priority);
