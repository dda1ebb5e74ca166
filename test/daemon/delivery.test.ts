import { readFileSync } from "node:fs";
import { describe, expect, onTestFinished, vi } from "vitest";
import { Delivery } from "../../src/daemon/delivery.ts";
import { memoryDisk, needsDisks, testWithDisks } from "../support/disks.ts";
import { lossesIn } from "../support/marks.ts";

const PAGE = 4_096;

/** What writes into a log on a disk of a few pages. */
function onDisk(blocks: boolean) {
  const disk = memoryDisk(8 * PAGE);
  const file = disk.at("log");
  const reports = {
    ...{ failing: vi.fn(), recovered: vi.fn(), abandoned: vi.fn(), trouble: vi.fn() },
  };
  const events = { pause: vi.fn(), written: vi.fn(), goOn: vi.fn(() => void delivery.settle()) };
  const delivery: Delivery = new Delivery({ path: file }, reports, events);
  delivery.blocks = blocks;
  delivery.open();
  onTestFinished(() => {
    delivery.giveUp();
    delivery.finish();
  });
  const tally = { lost: 0 };
  let written = "";
  const write = (text: string) => {
    written += text;
    delivery.write([Buffer.from(text)], tally);
  };
  const lose = (text: string) => {
    written += text;
    delivery.lose(text.length, tally);
  };
  const log = () => readFileSync(file, "latin1");
  return { disk, file, reports, events, delivery, tally, write, lose, log, written: () => written };
}

describe(`a disk that is full${needsDisks}`, () => {
  testWithDisks("loses what it has no room for, and tells how much when it has", () => {
    const { disk, file, reports, events, delivery, tally, write, log, written } = onDisk(false);
    write("a".repeat(100));
    const free = disk.fill();
    for (let n = 0; n < 100; n++) write(`${n} `.repeat(100));
    expect(delivery.full).toBe(false);
    expect(events.pause).not.toHaveBeenCalled();
    expect(reports.failing.mock.calls).toEqual([[file, "ENOSPC", false]]);
    expect(log().length).toBe(PAGE);
    expect(tally.lost).toBe(written().length - PAGE);
    free();
    write("after\n");
    expect(lossesIn(log(), written())).toEqual({ lost: tally.lost, errnos: ["ENOSPC"] });
    expect(reports.recovered.mock.calls).toEqual([[file, tally.lost]]);
    write("more\n");
    expect(log().endsWith("]\nafter\nmore\n")).toBe(true);
    delivery.finish();
    expect(reports.abandoned).not.toHaveBeenCalled();
  });

  testWithDisks("and fills up again inside of a mark has that mark whole at last", () => {
    for (const room of [1, 12, 40]) {
      const { disk, reports, tally, write, lose, log, written } = onDisk(false);
      // The second mark begins so many bytes before the end of the page.
      write("a".repeat(PAGE));
      const free = disk.fill();
      write("b".repeat(1_000));
      free();
      write("c".repeat(PAGE - room - 50));
      const again = disk.fill();
      lose("d".repeat(3_000));
      write("e".repeat(3_000));
      expect(tally.lost).toBe(7_000);
      expect(log().length).toBe(2 * PAGE);
      again();
      write("end");
      expect(lossesIn(log(), written()).lost).toBe(tally.lost);
      expect(reports.recovered).toHaveBeenCalledTimes(2);
    }
  });

  testWithDisks("makes who writes wait when nothing may be lost, and is tried again", async () => {
    const { disk, file, reports, events, delivery, tally, write, log, written } = onDisk(true);
    write("a".repeat(100));
    const free = disk.fill();
    for (let n = 0; n < 50; n++) write(`${n} `.repeat(100));
    expect(delivery.full).toBe(true);
    expect(events.pause).toHaveBeenCalled();
    expect(delivery.waiting).toBe(written().length - PAGE);
    // Longer than the first pauses: it is tried again more than once.
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(delivery.waiting).toBe(written().length - PAGE);
    expect(reports.failing.mock.calls).toEqual([[file, "ENOSPC", true]]);
    free();
    await vi.waitFor(() => expect(delivery.full).toBe(false), 3_000);
    write("after");
    expect(log()).toBe(written());
    expect(tally.lost).toBe(0);
    expect(reports.recovered.mock.calls).toEqual([[file, 0]]);
    expect(events.goOn).toHaveBeenCalledTimes(1);
  });

  testWithDisks("is tried again at once when the log is opened again", () => {
    const { disk, delivery, write, log, written } = onDisk(true);
    const free = disk.fill();
    write("a".repeat(PAGE + 1));
    expect(delivery.full).toBe(true);
    free();
    delivery.reopen();
    expect(delivery.full).toBe(false);
    expect(log()).toBe(written());
  });

  testWithDisks("is given up at the end, and what waited is counted", () => {
    const { disk, file, reports, delivery, tally, write, written } = onDisk(true);
    disk.fill();
    write("a".repeat(PAGE + 1_000));
    delivery.giveUp();
    write("b");
    expect(delivery.full).toBe(false);
    delivery.finish();
    const lost = written().length - readFileSync(file).length;
    expect(tally.lost).toBe(lost);
    expect(reports.abandoned.mock.calls).toEqual([[file, lost]]);
  });
});
