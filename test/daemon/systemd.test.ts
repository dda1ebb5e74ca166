import { describe, expect, test } from "vitest";
import { isMainProcess, ServiceManager, takeServiceEnvironment } from "../../src/daemon/systemd.ts";
import type { World } from "../../src/daemon/world.ts";
import type { Clock } from "../../src/os/clock.ts";
import type { StateName } from "../../src/process/states.ts";

describe("of the environment", () => {
  const socket = { NOTIFY_SOCKET: "/run/systemd/notify" };
  const whole = { ...socket, WATCHDOG_USEC: "30000000" };

  test.each<[string, Record<string, string>, object]>([
    ["nothing", {}, {}],
    ["the socket", socket, socket],
    ["an empty socket", { NOTIFY_SOCKET: "" }, {}],
    ["a watchdog for whoever it is", whole, whole],
    ["its own watchdog", { ...whole, WATCHDOG_PID: "42" }, whole],
    ["another one's watchdog", { ...whole, WATCHDOG_PID: "4" }, socket],
    ["a watchdog and no one to tell", { WATCHDOG_USEC: "30000000" }, {}],
  ])("%s is taken", (_, given, expected) => {
    const env: NodeJS.ProcessEnv = { PATH: "/bin", ...given };
    expect(takeServiceEnvironment(env, 42)).toEqual(expected);
    expect(env).toEqual({ PATH: "/bin" });
  });

  test.each<[object, boolean]>([
    [{}, false],
    [{ SYSTEMD_EXEC_PID: "42" }, false],
    [socket, true],
    [{ ...socket, SYSTEMD_EXEC_PID: "42" }, true],
    [{ ...socket, SYSTEMD_EXEC_PID: "4" }, false],
  ])("with %j this is the main process: %j", (given, expected) => {
    const env: NodeJS.ProcessEnv = { ...given };
    expect(isMainProcess(takeServiceEnvironment(env, 42), 42)).toBe(expected);
    expect(env.NOTIFY_SOCKET).toBeUndefined();
  });
});

/** A manager with a clock that moves when it is told to, and a socket that answers as it is told to. */
function setUp(watchdogMs?: number) {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    monotonicMs: () => now,
    wallMs: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const sent: string[] = [];
  const logged: string[] = [];
  const states: StateName[] = ["RUNNING"];
  const watchers: World["watchers"] = new Set();
  const set = {
    sent,
    logged,
    states,
    timers,
    errno: undefined as string | undefined,
    change: () => {
      for (const watcher of watchers) (watcher as () => void)();
    },
    advance(ms: number) {
      const until = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        now = next.at;
        next.run();
      }
      now = until;
    },
    /** What has been sent since it was asked last. */
    news: () => sent.splice(0),
  };
  const notifier = {
    send(text: string) {
      if (set.errno === undefined) sent.push(text);
      return set.errno;
    },
  };
  const manager = new ServiceManager({ notifier, clock, watchdogMs });
  manager.watch({ watchers, states: () => states, log: (_, text) => logged.push(text) });
  return { ...set, manager, set };
}

const ready = `READY=1\nMAINPID=${process.pid}`;
const reloading = /^RELOADING=1\nMONOTONIC_USEC=\d+\nEXTEND_TIMEOUT_USEC=30000000$/;
const stopping = "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000";
const extension = "EXTEND_TIMEOUT_USEC=30000000";

test("many changes are one status, and none when it is the same in the end", () => {
  const { manager, states, change, advance, news, timers } = setUp();
  manager.ready();
  expect(news()).toEqual([`${ready}\nSTATUS=1 running`]);
  for (let i = 0; i < 500; i++) {
    states.push("STARTING");
    change();
  }
  advance(99);
  expect(news()).toEqual([]);
  advance(1);
  expect(news()).toEqual(["STATUS=1 running, 500 starting"]);
  states.push("BACKOFF");
  change();
  states.pop();
  change();
  advance(1_000);
  expect(news()).toEqual([]);
  expect(timers.size).toBe(0);
});

test("a turn is told at once, with the status of that moment", () => {
  const { manager, states, change, advance, news } = setUp();
  manager.ready();
  news();
  states[0] = "STOPPING";
  change();
  manager.stopping();
  expect(news()).toEqual([`${stopping}\nSTATUS=1 stopping`]);
  advance(1_000);
  expect(news()).toEqual([]);
});

test("a stop and a restart ask for more time as long as they take", () => {
  const { manager, advance, news, timers } = setUp();
  manager.ready();
  news();
  manager.reloading();
  expect(news()).toEqual([expect.stringMatching(reloading)]);
  advance(25_000);
  expect(news()).toEqual([extension, extension]);
  manager.ready();
  expect(news()).toEqual([ready]);
  expect(timers.size).toBe(0);
  manager.reloading();
  manager.stopping();
  news();
  advance(60_000);
  expect(news()).toEqual(Array(6).fill(extension));
  manager.close();
  expect(timers.size).toBe(0);
});

test("the watchdog hears of it from when it is ready to the end, through restarts", () => {
  const { manager, advance, news, timers } = setUp(500);
  advance(10_000);
  expect(news()).toEqual([]);
  manager.ready();
  manager.ready();
  news();
  advance(2_000);
  expect(news()).toEqual(Array(4).fill("WATCHDOG=1"));
  manager.close();
  expect(timers.size).toBe(0);
});

test("what finds no room is told later, in its latest form, and given up in the end", () => {
  const { manager, set, states, change, advance, news, logged, timers } = setUp();
  set.errno = "EAGAIN";
  manager.ready();
  states.push("FATAL");
  change();
  expect(timers.size).toBe(1);
  advance(5_000);
  set.errno = undefined;
  advance(5_000);
  expect(news()).toEqual([`${ready}\nSTATUS=1 running, 1 fatal`]);
  set.errno = "EAGAIN";
  manager.stopping();
  advance(10_000);
  manager.ready();
  advance(600_000);
  expect(timers.size).toBe(0);
  states.pop();
  change();
  set.errno = undefined;
  advance(100);
  expect(news()).toEqual(["STATUS=1 running"]);
  expect(logged).toEqual(["cannot tell the service manager how it goes: EAGAIN"]);
});

test("what cannot be sent for another reason is not tried again, and logged once", () => {
  const { manager, set, change, advance, states, news, timers, logged } = setUp();
  set.errno = "ENOENT";
  manager.ready();
  expect(timers.size).toBe(0);
  states.push("STOPPED");
  change();
  advance(100);
  expect(timers.size).toBe(0);
  expect(logged).toEqual(["cannot tell the service manager how it goes: ENOENT"]);
  set.errno = undefined;
  change();
  advance(100);
  expect(news()).toEqual(["STATUS=1 running, 1 stopped"]);
});
