import { closeSync, constants, readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bytesOf } from "../../src/os/backlog.ts";
import { Outlet } from "../../src/os/outlet.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { fifoTarget, fill, type Target, take, terminalTarget } from "../support/targets.ts";

const { O_NONBLOCK } = constants;

const until = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 10_000, interval: 2 });

/** An outlet of a target that is full. */
function full(target: Target, first: string) {
  const fd = target.open(O_NONBLOCK);
  onTestFinished(() => closeSync(fd));
  const filled = fill(fd);
  const events = { emptied: vi.fn(), failed: vi.fn() };
  const outlet = new Outlet<string>({ fd, stdio: undefined }, events);
  outlet.push(Buffer.from(first), "first");
  onTestFinished(() => void outlet.close());
  return { fd, filled, outlet, events };
}

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise(setImmediate);
};

const openFiles = () => readdirSync("/proc/self/fd").length;

describe.each<[string, () => Promise<Target>, typeof test]>([
  ["a pipe", fifoTarget, test],
  [`a terminal${needsPython}`, terminalTarget, testWithPython],
])("%s that is full", (_, make, test) => {
  test("gets the rest, in order, once it is read, and nothing stands still until then", async () => {
    const target = await make();
    const { filled, outlet, events } = full(target, "a".repeat(10_000));
    outlet.push(Buffer.from("b"), "");
    outlet.push(Buffer.alloc(0), "");
    outlet.push(Buffer.from("c".repeat(100_000)), "");
    expect(outlet.bytes).toBe(110_001);
    await turns(50);
    expect(events.emptied).not.toHaveBeenCalled();
    let text = "";
    target.read((chunk) => {
      text += chunk.toString("latin1");
    });
    await until(() => text.length === filled + 110_001);
    expect(text.slice(filled)).toBe(`${"a".repeat(10_000)}b${"c".repeat(100_000)}`);
    expect(events.emptied).toHaveBeenCalledTimes(1);
    expect(events.failed).not.toHaveBeenCalled();
    expect(outlet.bytes).toBe(0);
  });

  test("leaves no descriptor behind", async () => {
    const target = await make();
    const fd = target.open(O_NONBLOCK);
    onTestFinished(() => closeSync(fd));
    fill(fd);
    const before = openFiles();
    for (let n = 0; n < 3; n++) {
      const nothing = () => undefined;
      const events = { emptied: nothing, failed: nothing };
      const outlet = new Outlet<string>({ fd, stdio: undefined }, events);
      outlet.push(Buffer.from("x"), "");
      expect(bytesOf(outlet.close())).toBe(1);
    }
    await until(() => openFiles() === before);
  });
});

test("what is given to an outlet may change afterwards", async () => {
  const target = await fifoTarget();
  const { filled, outlet, events } = full(target, "");
  const chunk = Buffer.from("right");
  outlet.push(chunk, "");
  chunk.fill("?");
  let text = "";
  target.read((data) => {
    text += data.toString("latin1");
  });
  await until(() => events.emptied.mock.calls.length === 1 && text.length === filled + 5);
  expect(text.slice(filled)).toBe("right");
});

test("closing tells exactly what has not gone", async () => {
  const target = await fifoTarget();
  const { filled, outlet } = full(target, "a".repeat(200_000));
  let bytes = take(target.reader).length;
  await until(() => outlet.bytes < 200_000);
  const lost = bytesOf(outlet.close());
  expect(lost).toBeGreaterThan(0);
  await turns(10);
  bytes += take(target.reader).length;
  expect(bytes + lost).toBe(filled + 200_000);
});

test("a reader that goes away is told, with what is lost", async () => {
  const target = await fifoTarget();
  const { events, outlet } = full(target, "abc");
  target.abandon();
  await until(() => events.failed.mock.calls.length === 1);
  const unwritten = [{ bytes: Buffer.from("abc"), owner: "first", whole: true }];
  expect(events.failed.mock.calls).toEqual([
    [expect.objectContaining({ code: "EPIPE" }), unwritten],
  ]);
  expect(events.emptied).not.toHaveBeenCalled();
  expect(outlet.close()).toEqual([]);
  expect(events.failed).toHaveBeenCalledTimes(1);
});
