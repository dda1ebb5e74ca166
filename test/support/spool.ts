/** A spool of the test's own, and what fills and reads it; its workers end with the test. */

import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { Report } from "../../src/examples/spool.ts";

export const asRoot = process.getuid?.() === 0;
export const nobody = 65534;

export let home: string;
export let root: string;
export let children: ChildProcess[];

beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), "spool-"));
  fs.chmodSync(home, 0o755); // some workers run as nobody
  root = join(home, "spool");
  fs.mkdirSync(root);
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(ended));
  fs.rmSync(home, { recursive: true });
});

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.on("exit", () => resolve()));
}

export const path = (...parts: string[]) => join(root, ...parts);
export const list = (...folder: string[]) => fs.readdirSync(path(...folder)).sort();
export const read = (...file: string[]) => fs.readFileSync(path(...file), "utf8");
export const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
export const report = (name: string): Report => JSON.parse(read("done", `${name}.json`));
export const untilTrue = (what: () => boolean) =>
  vi.waitFor(() => expect(what()).toBe(true), { timeout: 20_000, interval: 2 });

/** Written elsewhere and renamed in, with an old mtime: a job that needs no settling. */
export function drop(name: string, data: string | Buffer = name): void {
  fs.mkdirSync(path("ready"), { recursive: true });
  fs.writeFileSync(path("ready", `.${name}`), data);
  fs.utimesSync(path("ready", `.${name}`), 1, 1);
  fs.renameSync(path("ready", `.${name}`), path("ready", name));
}
