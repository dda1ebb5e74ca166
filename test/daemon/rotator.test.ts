import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished, vi } from "vitest";
import { Sink } from "../../src/daemon/sink.ts";
import { memoryDisk, needsDisks, testWithDisks } from "../support/disks.ts";

testWithDisks(`a disk that has no room for another file${needsDisks}`, () => {
  const disk = memoryDisk(1_048_576);
  const file = disk.at("log");
  const allow = (files: number) =>
    spawnSync("sh", ["-c", `mount -o remount,nr_inodes=${files} ${disk.dir}`]).status;
  const reports = {
    ...{ failing: vi.fn(), trouble: vi.fn(), recovered: vi.fn() },
    ...{ abandoned: vi.fn(), disputed: vi.fn() },
  };
  const sink = new Sink({ path: file, maxBytes: 10, backups: 2 }, reports);
  sink.acquire();
  onTestFinished(() => sink.release());
  sink.write([Buffer.from("first.....")]);
  // The folder, the log and its backup.
  expect(allow(3)).toBe(0);
  const { generation } = sink;
  for (const text of ["second....", "third.....", "fourth...."]) sink.write([Buffer.from(text)]);
  expect(readFileSync(file, "utf8")).toBe("second....third.....fourth....");
  expect(readFileSync(`${file}.1`, "utf8")).toBe("first.....");
  expect(existsSync(`${file}.2`)).toBe(false);
  expect(sink).toMatchObject({ generation, rotations: 1 });
  expect(reports.trouble.mock.calls).toEqual([[expect.stringContaining("ENOSPC")]]);
  expect(reports.failing).not.toHaveBeenCalled();
  expect(allow(100)).toBe(0);
  sink.write([Buffer.from("fifth")]);
  sink.write([Buffer.from("new")]);
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(readFileSync(`${file}.1`, "utf8")).toBe("second....third.....fourth....fifth");
  expect(readFileSync(`${file}.2`, "utf8")).toBe("first.....");
});
