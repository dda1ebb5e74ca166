import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../faults.ts";
import { namespec } from "../process/order.ts";
import { ServerError } from "../rpc/client.ts";
import type { FleetProcess } from "../rpc/results.ts";
import { formatFleet, noteOf, rowsOf, type Sampled, type SortKey, sortKeys } from "./fleettable.ts";
import { styled } from "./printable.ts";
import { explain } from "./problems.ts";
import { type Picture, Screen } from "./screen.ts";
import type { Session } from "./session.ts";
import { judge, type StatusFlags, selectAll } from "./status.ts";
import { UsageError } from "./usage.ts";

const EVERY_MS = 1_000;

/** Looks at the fleet again and again: what each process uses is the difference of two looks. */
export class Sampler {
  readonly #session: Session;
  readonly #names: readonly string[];
  #before = new Map<string, { cpu: number; pid: number }>();
  #at = 0;

  constructor(session: Session, names: readonly string[]) {
    this.#session = session;
    this.#names = names;
  }

  /** @throws ServerError, Fault */
  async look(): Promise<Sampled[]> {
    const all = await this.#session.client.call("drover.getAllProcesses", { usage: true });
    const now = performance.now();
    const seconds = (now - this.#at) / 1_000;
    const sampled = selectAll(this.#session, all, this.#names).map(
      (process): Sampled => ({
        ...process,
        cpu: this.#percentOf(process, seconds),
      }),
    );
    this.#before = new Map(
      all.map((process) => [
        namespec(process),
        { cpu: process.usage?.cpu_seconds ?? 0, pid: process.pid },
      ]),
    );
    this.#at = now;
    return sampled;
  }

  /** What has ended since, and was not waited for, has taken its time with it. */
  #percentOf({ usage, pid, ...named }: FleetProcess, seconds: number): number | undefined {
    const before = this.#before.get(namespec(named));
    if (!usage || before?.pid !== pid) return undefined;
    return Math.max(0, ((usage.cpu_seconds - before.cpu) / seconds) * 100);
  }
}

/** The fleet on the screen, for `top` and `status --watch`. */
export class FleetPicture implements Picture {
  sort: SortKey;
  unfold: boolean;
  processes: readonly Sampled[] = [];
  trouble = "";
  readonly #keys: boolean;

  constructor({ sort, unfold, keys }: { sort: SortKey; unfold: boolean; keys: boolean }) {
    this.sort = sort;
    this.unfold = unfold;
    this.#keys = keys;
  }

  lines(columns: number): string[] {
    const rows = rowsOf(this.processes, this.unfold).toSorted(sortKeys[this.sort]);
    const running = this.processes.filter(({ statename }) => statename === "RUNNING").length;
    const { length } = this.processes;
    const head = `${running} of ${length} running; ${this.#keys ? "c m r u n sort, " : ""}v unfolds, q leaves`;
    const trouble = this.trouble === "" ? [] : [styled(this.trouble.slice(0, columns), "red")];
    const notes = noteOf(this.processes).map((note) => styled(note.slice(0, columns), "cyan"));
    return [
      styled(head.slice(0, columns), "dim"),
      ...trouble,
      ...notes,
      ...formatFleet(rows, columns),
    ];
  }

  pressed(key: string): boolean {
    if (key === "v") this.unfold = !this.unfold;
    const sort = this.#keys ? byKey[key] : undefined;
    if (sort) this.sort = sort;
    return key !== "q";
  }
}

const byKey: Readonly<Record<string, SortKey>> = {
  c: "cpu",
  m: "memory",
  r: "restarts",
  u: "uptime",
  n: "name",
};

/** Draws the fleet each second and when a state changes, until the user leaves. */
export async function live(
  session: Session,
  picture: FleetPicture,
  { names, everyMs = EVERY_MS }: { names: readonly string[]; everyMs?: number },
): Promise<void> {
  // What is wrong from the start is told as always; what goes while it is looked at is just not shown.
  let isOn = false;
  const print = (line: string) => (isOn ? undefined : session.print(line));
  const own: Session = { ...session, print };
  const sampler = new Sampler(own, names);
  picture.processes = await sampler.look();
  session.exitCode = own.exitCode;
  if (session.exitCode !== 0) return;
  isOn = true;
  const screen = new Screen(session, picture);
  let waking: () => void = () => undefined;
  const following = follow(session, screen.left, () => waking());
  try {
    while (!screen.left.aborted) {
      screen.draw();
      const woken = new Promise<void>((resolve) => {
        waking = resolve;
      });
      await Promise.race([pause(everyMs, screen.left), woken]);
      await refresh(session, picture, () => sampler.look());
    }
  } finally {
    screen.close();
    await following;
  }
}

/** It ends early when the signal aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

async function refresh(
  { client }: Session,
  picture: FleetPicture,
  look: () => Promise<Sampled[]>,
): Promise<void> {
  try {
    picture.processes = await look();
    picture.trouble = "";
  } catch (error) {
    if (!(error instanceof ServerError || error instanceof Fault)) throw error;
    const why = error instanceof ServerError ? explain(error, client.url).line : error.message;
    picture.trouble = `${why}; trying again`;
  }
}

/** Calls back at each change of a state; it may be missed, since there is a look each second. */
async function follow({ client }: Session, signal: AbortSignal, act: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const events = client.events({ types: "PROCESS_STATE" }, () => undefined, signal);
      for await (const _ of events) act();
    } catch (error) {
      if (!(error instanceof ServerError || error instanceof Fault)) throw error;
    }
    await pause(EVERY_MS, signal);
  }
}

/** `status --watch`. */
export async function watch(session: Session, flags: StatusFlags): Promise<void> {
  needTerminal(session, "status --watch", "events -f prints what changes");
  const unfold = flags.unfold || flags.names.length > 0;
  const picture = new FleetPicture({ sort: "name", unfold, keys: false });
  await live(session, picture, { names: flags.names });
  judge(session, picture.processes);
}

/** @throws UsageError */
export function needTerminal(session: Session, what: string, instead: string): void {
  if (session.toTerminal) return;
  throw new UsageError(`Error: ${what} needs a terminal; ${instead}`);
}
