/** One of the two daemons, while a scenario is played on it. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { configText, droverd, eventually } from "../../support/daemon.ts";
import { ask, type Info } from "../../support/xmlrpc.ts";
import { Session } from "./session.ts";

const daemons = {
  supervisord: ["supervisord"],
  droverd: [process.execPath, droverd],
} as const;

export type PeerName = keyof typeof daemons;
export type Whose = "theirs" | "ours";

/** Often enough that supervisord, which is woken by it, is not later than its tick would have it. */
const LOOK_EVERY_MS = 200;
/** The machine may be busy with other tests. */
export const LONGEST_WAIT_MS = 90_000;
/** All that comes from a daemon has this in its environment, with the daemon's folder. */
const MARK = "LIFECYCLE_TEST";

interface Given {
  programs: string;
  executables?: Readonly<Record<string, string>>;
}

export class Peer {
  readonly name: PeerName;
  readonly dir: string;
  /** What supervisorctl said to each command. */
  readonly answers: string[] = [];
  /** All processes, as `note` found them. */
  readonly notes: Info[][] = [];
  /** By process: the states that it was seen in, one after another. */
  readonly seen = new Map<string, string[]>();
  /** Whose spawn error it is: the daemon's log does not tell. */
  readonly spawnErrors = new Map<string, string>();
  /** Of each process, by its name. */
  readonly groups = new Map<string, string>();
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  readonly #waiting: ((infos: Info[] | undefined) => void)[] = [];
  readonly #lastSeen = new Map<string, Pick<Info, "statename" | "pid">>();
  readonly #sessions: Session[] = [];
  #session: Session | undefined;
  #said = "";

  constructor(name: PeerName, { programs, executables = {} }: Given, dir: string) {
    this.name = name;
    this.dir = dir;
    mkdirSync(dir, { mode: 0o755 });
    this.configure(programs);
    for (const [file, text] of Object.entries(executables)) {
      writeFileSync(path.join(dir, file), text, { mode: 0o755 });
    }
    const [file, ...args] = daemons[name];
    this.#child = spawn(file, [...args, "-n", "-s", "-c", this.config], {
      cwd: dir,
      env: { ...process.env, [MARK]: dir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk) => {
        this.#said += chunk;
      });
    }
    this.#closed = new Promise((resolve) => this.#child.on("close", () => resolve()));
    void this.#watch();
  }

  get config(): string {
    return path.join(this.dir, "main.conf");
  }

  /** The exit code, or the signal; undefined while it runs. */
  get end(): number | string | undefined {
    return this.#child.exitCode ?? this.#child.signalCode ?? undefined;
  }

  /** Whose log it writes, to those who compare them. */
  get whose(): Whose {
    return this.name === "supervisord" ? "theirs" : "ours";
  }

  configure(programs: string): void {
    writeFileSync(this.config, configText(programs));
  }

  /** A file of its folder; empty when there is none. */
  read(name: string): string {
    try {
      return readFileSync(path.join(this.dir, name), "utf8");
    } catch {
      return "";
    }
  }

  /** Its log, also the part that was written before it was opened again. */
  get log(): string {
    return this.read("droverd.log.old") + this.read("droverd.log");
  }

  /** All processes as they are from now on; undefined when nobody answers. */
  look(): Promise<Info[] | undefined> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The processes once they are as wanted. */
  async until(what: string, wanted: (infos: Info[]) => boolean): Promise<Info[]> {
    return eventually(
      `${what} in ${this.name}: ${this.log}`,
      async () => {
        const infos = await this.look();
        if (this.end !== undefined) throw new Error(`${this.name} has ended: ${this.#said}`);
        return infos && wanted(infos) ? infos : undefined;
      },
      LONGEST_WAIT_MS,
    );
  }

  /** Types a line into supervisorctl, the one that the scenario has or one more. */
  async ctl(line: string, which: "its" | "another" = "its"): Promise<void> {
    const at = this.answers.push(line) - 1;
    await this.executed();
    if (which === "another") return this.#ask(at, this.#open());
    this.#session ??= this.#open();
    return this.#ask(at, this.#session);
  }

  async #ask(at: number, session: Session): Promise<void> {
    const line = this.answers[at] ?? "";
    this.answers[at] += `: ${await session.type(line)}`;
  }

  #open(): Session {
    const session = new Session(this.config);
    this.#sessions.push(session);
    return session;
  }

  async child(name: string): Promise<number> {
    const infos = await this.until(`a child of ${name}`, (all) =>
      all.some((info) => info.name === name && info.pid !== 0),
    );
    return Number(infos.find((info) => info.name === name)?.pid);
  }

  /**
   * Waits until each child is its own program. Before that a signal is swallowed by what it has
   * inherited from supervisord.
   */
  async executed(): Promise<void> {
    await this.until("children that run", (infos) =>
      infos.every(({ pid }) => pid === 0 || !argvOf(Number(pid)).includes("/usr/bin/supervisord")),
    );
  }

  /** Sends a signal to the daemon. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    // While it goes down, it does not tell of its processes.
    if (await this.look()) await this.executed();
    this.#child.kill(signal);
  }

  /** Waits until it has ended. */
  async gone(): Promise<void> {
    const stuck = sleep(LONGEST_WAIT_MS, "stuck" as const, { ref: false });
    if ((await Promise.race([this.#closed, stuck])) === "stuck")
      throw new Error(`${this.name} does not end: ${this.log}`);
  }

  /** Ends everything that it has started and is still there. @returns what it was */
  async clear(): Promise<string[]> {
    for (const session of this.#sessions) session.end();
    if (this.end === undefined) this.#child.kill("SIGKILL");
    await this.#closed;
    const all = () => processesWith(`${MARK}=${this.dir}`);
    const command = (pid: number) => argvOf(pid).join(" ");
    // A step of a shell that was killed ends by itself.
    while (all().some((pid) => command(pid).startsWith("sleep 0."))) await sleep(LOOK_EVERY_MS);
    const left = all();
    const commands = left.map(command);
    for (const pid of left) process.kill(pid, "SIGKILL");
    return commands.sort();
  }

  async #watch(): Promise<void> {
    while (this.end === undefined) {
      const waiting = this.#waiting.splice(0);
      const infos = await ask(path.join(this.dir, "d.sock"), "supervisor.getAllProcessInfo");
      for (const info of infos ?? []) this.#see(info);
      for (const tell of waiting) tell(infos);
      await sleep(LOOK_EVERY_MS);
    }
    for (const tell of this.#waiting.splice(0)) tell(undefined);
  }

  #see({ name, group, statename, pid, spawnerr }: Info): void {
    const key = String(name);
    this.groups.set(key, String(group));
    if (spawnerr) this.spawnErrors.set(String(spawnerr), key);
    const before = this.#lastSeen.get(key);
    this.#lastSeen.set(key, { statename, pid });
    // A child may come a little later than the state.
    if (statename === before?.statename && (pid === before?.pid || before?.pid === 0)) return;
    this.seen.set(key, [...(this.seen.get(key) ?? []), String(statename)]);
  }
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

function processesWith(variable: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      return environment.includes(variable) && argvOf(pid).length > 0 ? [pid] : [];
    } catch {
      return [];
    }
  });
}
