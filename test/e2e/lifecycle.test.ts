import path from "node:path";
import { describe, expect, test } from "vitest";
import { tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";
import { hasty, unexplained } from "./lifecycle/checks.ts";
import { exits } from "./lifecycle/exits.ts";
import { failures } from "./lifecycle/failures.ts";
import { orders } from "./lifecycle/orders.ts";
import { Peer, type PeerName } from "./lifecycle/peer.ts";
import { type Scenario, said, states } from "./lifecycle/scenario.ts";
import { signals } from "./lifecycle/signals.ts";
import { stops } from "./lifecycle/stops.ts";
import { untimely, usualLateness } from "./lifecycle/timing.ts";
import { linesOf, type Transcript, transcribe } from "./lifecycle/transcript.ts";

/** The longest first. */
const scenarios: readonly Scenario[] = [...stops, ...failures, ...exits, ...orders, ...signals];

const ready = available("supervisord");

/** Some seconds on a quiet machine. */
const LONGEST_MS = 180_000;

/** Plays a scenario on one of the daemons, in a folder that is its own. */
async function play(name: PeerName, scenario: Scenario, dir: string): Promise<Transcript> {
  const peer = new Peer(name, scenario, dir);
  let left: string[] = [];
  try {
    for (const act of scenario.acts) await act(peer);
    if (peer.end === undefined) await peer.signal(scenario.end ?? "SIGTERM");
    await peer.gone();
  } finally {
    left = await peer.clear();
  }
  const lines = linesOf(peer, { ...scenario, retried: [] });
  expect(unexplained(lines, peer)).toEqual([]);
  expect(hasty(lines, peer)).toEqual([]);
  expect(untimely(lines, scenario.programs, peer.whose)).toEqual([]);
  return transcribe(peer, scenario, left);
}

describe.runIf(ready).concurrent("the life of processes beside supervisord", () => {
  for (const scenario of scenarios) {
    test(
      scenario.name,
      async ({ onTestFinished }) => {
        const dir = tempDir(onTestFinished);
        const [theirs, ours] = await Promise.all([
          play("supervisord", scenario, path.join(dir, "s")),
          play("droverd", scenario, path.join(dir, "d")),
        ]);
        expect(ours).toEqual(theirs);
      },
      LONGEST_MS,
    );
  }
});

test.runIf(ready)("most waits end at once, not at the next tick of a second", () => {
  expect(usualLateness()).toBeLessThan(250);
});

/** Both daemons on the same programs, each done with as it is told. */
async function differing(
  programs: string,
  dir: string,
  acts: Record<PeerName, (peer: Peer) => Promise<void>>,
): Promise<void> {
  const play = async (name: PeerName, folder: string) => {
    const peer = new Peer(name, { programs }, path.join(dir, folder));
    try {
      await states({ a: "RUNNING" })(peer);
      await acts[name](peer);
    } finally {
      await peer.clear();
    }
  };
  await Promise.all([play("supervisord", "s"), play("droverd", "d")]);
}

describe.runIf(ready).concurrent("where droverd differs on purpose", () => {
  const programs = "[program:a]\ncommand=sleep 1000\nstartsecs=0\n";

  test(
    "SIGUSR1 kills supervisord, and its children go on without it",
    ({ onTestFinished }) =>
      differing(programs, tempDir(onTestFinished), {
        async supervisord(peer) {
          await peer.signal("SIGUSR1");
          await peer.gone();
          expect(peer.end).toBe("SIGUSR1");
          expect(await peer.clear()).toEqual(["sleep 1000"]);
        },
        async droverd(peer) {
          const child = await peer.child("a");
          await peer.signal("SIGUSR1");
          await said("INFO ignored SIGUSR1")(peer);
          expect(await peer.child("a")).toBe(child);
        },
      }),
    LONGEST_MS,
  );

  test(
    "SIGHUP with a broken file ends supervisord",
    ({ onTestFinished }) =>
      differing(programs, tempDir(onTestFinished), {
        async supervisord(peer) {
          peer.configure("[program:a]\n");
          await peer.signal("SIGHUP");
          await peer.gone();
          expect(peer.end).toBe(2);
          expect(peer.log).toContain("stopped: a (terminated by SIGTERM)");
        },
        async droverd(peer) {
          const child = await peer.child("a");
          peer.configure("[program:a]\n");
          await peer.signal("SIGHUP");
          await said("WARN received SIGHUP indicating restart request")(peer);
          await said("ERRO cannot use the new configuration, the old one stays: ")(peer);
          expect(await peer.child("a")).toBe(child);
        },
      }),
    LONGEST_MS,
  );
});
