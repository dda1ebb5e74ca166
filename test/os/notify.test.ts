import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { unless } from "../../src/os/errno.ts";
import { openNotifier } from "../../src/os/notify.ts";
import { eventually } from "../support/daemon.ts";
import { fill, listen } from "../support/notices.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

testWithPython.each([
  ["a path", () => path.join(temporaryFolder(), "notify")],
  ["an abstract name", () => `@drover-test/${randomUUID()}`],
])(`texts arrive whole and in their order at %s${needsPython}`, async (_, name) => {
  const address = name();
  const listener = await listen(address);
  const notifier = openNotifier(address);
  const texts = ["READY=1\nSTATUS=zwölf laufen", "", "x".repeat(50_000), "STOPPING=1"];
  expect(texts.map((text) => notifier?.send(text))).toEqual(texts.map(() => undefined));
  await eventually("all", () => listener.received.length === texts.length);
  expect(listener.received).toEqual(texts.map((text) => ({ pid: process.pid, text })));
});

testWithPython(
  `what cannot be sent is told by the kernel's name for it${needsPython}`,
  async () => {
    const folder = temporaryFolder();
    const send = (address: string) => openNotifier(address)?.send("READY=1");
    expect(send(path.join(folder, "missing"))).toBe("ENOENT");
    expect(send(`@drover-test/${randomUUID()}`)).toBe("ECONNREFUSED");
    expect(send(path.join(folder, "x".repeat(120)))).toBe("EINVAL");
    const address = path.join(folder, "small");
    await listen(address);
    expect(openNotifier(address)?.send("x".repeat(10_000_000))).toBe("EMSGSIZE");
  },
);

testWithPython(
  `a queue that nobody reads is an answer at once, and takes more when it is read${needsPython}`,
  async () => {
    const address = path.join(temporaryFolder(), "notify");
    const listener = await listen(address);
    await listener.pause();
    fill(address);
    const notifier = openNotifier(address);
    const began = performance.now();
    expect(notifier?.send("late")).toBe("EAGAIN");
    expect(performance.now() - began).toBeLessThan(1_000);
    listener.resume();
    await eventually("room", () => notifier?.send("in time") === undefined);
    await eventually("it", () => listener.texts().includes("in time"));
    expect(listener.texts()).not.toContain("late");
  },
);

test("no program that this process starts inherits the socket", () => {
  const inherited = () =>
    execFileSync("sh", ["-c", "ls -l /proc/$$/fd"], { encoding: "utf8" }).split("\n");
  const sockets = () => new Set(own().filter((target) => target.startsWith("socket:")));
  const before = sockets();
  openNotifier("/nonexistent");
  const [socket = "none", ...others] = [...sockets()].filter((target) => !before.has(target));
  expect(others).toEqual([]);
  expect(socket).toMatch(/^socket:/);
  expect(inherited().filter((line) => line.endsWith(socket))).toEqual([]);
});

/** What the descriptors of this process are. */
const own = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    // The one that the folder is read by is gone by now.
    return unless(["ENOENT"], () => readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
  });

test("without the optional package there is none", async () => {
  vi.resetModules();
  const { withoutNative } = await import("../../src/os/native.ts");
  const fresh = await import("../../src/os/notify.ts");
  withoutNative();
  expect(fresh.openNotifier("/nonexistent")).toBeUndefined();
});
