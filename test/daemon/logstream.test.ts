import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { followLog } from "../../src/daemon/logreading.ts";
import { Sink } from "../../src/daemon/sink.ts";
import { eventually } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const ignore = () => undefined;
const reports = {
  failing: ignore,
  trouble: ignore,
  recovered: ignore,
  abandoned: ignore,
  disputed: ignore,
};

/** A log of so many bytes, and one who follows it and has not begun to read. */
function followed() {
  const spec = { path: path.join(temporaryFolder(), "log"), maxBytes: 0, backups: 0 };
  const sink = new Sink(spec, reports);
  sink.acquire();
  const follow = followLog(sink);
  if (!follow) throw new Error("the log is not there");
  onTestFinished(() => {
    follow.destroy();
    sink.release();
  });
  return { sink, follow };
}

test("a follower that takes nothing for 30 s is dropped when there is more, and not before", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const { sink, follow } = followed();
  sink.write([Buffer.alloc(200_000, "x\n")]);
  follow.read(0); // fills what it may hold, and nobody takes it
  await eventually("it is full", () => follow.readableLength >= follow.readableHighWaterMark);
  vi.advanceTimersByTime(29_000);
  sink.write([Buffer.from("more\n")]);
  expect(follow.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(follow.destroyed).toBe(false);
  sink.write([Buffer.from("more\n")]);
  expect(follow.destroyed).toBe(true);
});

test("a follower that has not begun to read yet has its 30 s too", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  vi.advanceTimersByTime(100_000);
  const { sink, follow } = followed();
  sink.write([Buffer.from("first\n")]);
  expect(follow.destroyed).toBe(false);
});
