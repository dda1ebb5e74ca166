import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { configText, eventually, launch, type TestDaemon, tempDir } from "../support/daemon.ts";
import { available } from "../support/peers.ts";

/** Debian's libfaketime, whatever the machine's architecture. */
const library = readdirSync("/usr/lib")
  .map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`)
  .find(existsSync);

const DAY = 86_400;

/** A daemon whose wall clock can be set; its monotonic one goes on as ever. */
async function startWithClock(programs: string) {
  const dir = tempDir();
  const clock = path.join(dir, "clock");
  const step = (seconds: number) => writeFileSync(clock, `${seconds < 0 ? "" : "+"}${seconds}s`);
  step(0);
  const config = path.join(dir, "drover.conf");
  writeFileSync(config, configText(programs));
  const daemon = await launch(dir, config, {
    env: {
      LD_PRELOAD: library ?? "",
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  });
  return { daemon, step };
}

/** How long something takes, in milliseconds of real time. */
async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const now = async (daemon: TestDaemon): Promise<number> =>
  (await daemon.client.call("supervisor.getAllProcessInfo", {}))[0]?.now ?? 0;

/** No timer may fire early; how late is a matter of the machine, but never of the clock's step. */
const LATEST_MS = 10_000;

describe.skipIf(!available("faketime"))(
  "a wall clock that is set (needs Debian's faketime)",
  () => {
    test.each([
      ["forward", DAY],
      ["back", -DAY],
    ])("%s by a day makes no wait shorter or endless", async (_, seconds) => {
      const { daemon, step } = await startWithClock(`
[program:slow]
command=sleep 1000
startsecs=2
autostart=false
[program:stubborn]
command=sh -c 'trap "" TERM; while true; do sleep 0.1; done'
startsecs=1
stopwaitsecs=2
[program:failing]
command=sh -c 'exit 1'
startretries=1
autostart=false
[program:short]
command=sleep 1000
max_lifetime=2s
startsecs=0
autostart=false
`);
      await daemon.state("stubborn", "RUNNING");
      const before = await now(daemon);

      const startup = timed(() => daemon.ctl("start", "slow"));
      const lifetime = timed(async () => {
        await daemon.ctl("start", "short");
        await eventually("it is recycled", () => daemon.log().includes("recycling 'short'"));
      });
      await daemon.state("slow", "STARTING");
      step(seconds);
      await eventually("the daemon sees the new time", async () => {
        return Math.abs((await now(daemon)) - before) > DAY / 2;
      });
      const stop = timed(() => daemon.ctl("stop", "stubborn"));
      const giveUp = timed(async () => {
        await daemon.ctl("start", "failing");
        await daemon.state("failing", "FATAL");
      });
      await daemon.state("stubborn", "STOPPING");
      step(0);

      for (const [wait, least] of [
        [startup, 2_000],
        [lifetime, 2_000],
        [stop, 2_000],
        [giveUp, 1_000],
      ] as const) {
        expect(await wait).toBeGreaterThan(least);
        expect(await wait).toBeLessThan(least + LATEST_MS);
      }
      expect((await daemon.info("slow")).statename).toBe("RUNNING");
      expect((await daemon.info("slow")).description).toMatch(/uptime 0:00:\d\d/);
      const rest = timed(() => daemon.stop());
      step(seconds);
      expect(await rest).toBeLessThan(LATEST_MS);
    });
  },
);
