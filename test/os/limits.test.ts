import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import type { Limit, Resource } from "../../src/os/limits.ts";
import { limitOf } from "../../src/os/limits.ts";
import { root } from "../support/daemon.ts";

const asRoot = process.getuid?.() === 0;
const built = JSON.stringify(path.join(root, "dist/os/limits.js"));

/**
 * What `expression` gives in a process of its own, since limits that are lowered stay low. It has
 * limitOf and setLimit; `given` are the limits it starts with, as prlimit takes them.
 */
function inChild(expression: string, given: readonly string[] = []): unknown {
  const script = `
    import { limitOf, setLimit } from ${built};
    // Infinity is nothing that JSON has.
    const text = (_, value) => (value === Infinity ? "infinite" : value);
    process.stdout.write(JSON.stringify(${expression}, text));`;
  const command = ["prlimit", ...given, process.execPath, "--input-type=module", "-e", script];
  const [file = "", ...argv] = given.length > 0 ? command : command.slice(1);
  const { stdout, stderr } = spawnSync(file, argv, { encoding: "utf8", timeout: 20_000 });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** Makes the rest of an expression run as nobody, whose rights end at the hard limit. */
const asNobody = asRoot
  ? "process.setgroups([]), process.setgid(65534), process.setuid(65534), "
  : "";

/** Whether this machine lets a child of ours begin with these limits. */
const may = (...limits: string[]) => spawnSync("prlimit", [...limits, "true"]).status === 0;

/** What prlimit says of this process. */
function told(resource: Resource): Limit {
  const columns = ["--noheadings", "--raw", "--output=SOFT,HARD"];
  const argv = [`--pid=${process.pid}`, `--${resource}`, ...columns];
  const { stdout } = spawnSync("prlimit", argv, { encoding: "utf8" });
  const number = (text: string) => (text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text));
  const [soft = "", hard = ""] = stdout.trim().split(/\s+/);
  return { soft: number(soft), hard: number(hard) };
}

test.each<[Resource]>([["nofile"], ["nproc"]])(
  "%s of this process, as prlimit has it",
  (resource) => {
    expect(limitOf(resource)).toEqual(told(resource));
    expect(limitOf(resource).soft).toBeGreaterThan(0);
  },
);

test("soft and hard are told apart", () => {
  const given = ["--nproc=5001:5002", "--nofile=301:302"];
  expect(inChild('limitOf("nproc")', given)).toEqual({ soft: 5_001, hard: 5_002 });
  // Node itself raises the soft limit of open files to the hard one.
  expect(inChild('limitOf("nofile")', given)).toEqual({ soft: 302, hard: 302 });
});

const unlimited = may("--nproc=unlimited");
const noUnlimited = unlimited ? "" : " (SKIPPED: prlimit may not lift the limit here)";

test.runIf(unlimited)(`no limit is an infinite one, and can be set${noUnlimited}`, () => {
  const given = ["--nproc=unlimited"];
  expect(inChild('limitOf("nproc")', given)).toEqual({ soft: "infinite", hard: "infinite" });
  const set = 'setLimit("nproc", { soft: 5000, hard: Infinity })';
  expect(inChild(`[${set}, limitOf("nproc")]`, given)).toEqual([
    true,
    { soft: 5_000, hard: "infinite" },
  ]);
});

test.each<[string, string, Limit, Limit]>([
  ["raised to the hard limit", "nproc", { soft: 6_000, hard: 6_000 }, { soft: 6_000, hard: 6_000 }],
  ["raised a little", "nproc", { soft: 5_500, hard: 6_000 }, { soft: 5_500, hard: 6_000 }],
  ["lowered", "nofile", { soft: 200, hard: 250 }, { soft: 200, hard: 250 }],
])("%s: a limit of %s, also without rights", (_, resource, wanted, expected) => {
  const set = `setLimit("${resource}", ${JSON.stringify(wanted)})`;
  const expression = `(${asNobody}[${set}, limitOf("${resource}")])`;
  const given = ["--nproc=5000:6000", "--nofile=300:300"];
  expect(inChild(expression, given)).toEqual([true, expected]);
});

test("one limit leaves the other as it is", () => {
  const expression = '[setLimit("nofile", { soft: 250, hard: 260 }), limitOf("nproc")]';
  const given = ["--nproc=5000:6000", "--nofile=300:300"];
  expect(inChild(expression, given)).toEqual([true, { soft: 5_000, hard: 6_000 }]);
});

test("without rights nothing is raised above the hard limit, and all stays as it was", () => {
  const set = 'setLimit("nproc", { soft: 5500, hard: 6001 })';
  const expression = `(${asNobody}[${set}, limitOf("nproc")])`;
  expect(inChild(expression, ["--nproc=5000:6000"])).toEqual([false, { soft: 5_000, hard: 6_000 }]);
});

const mayRaise = may(`--nproc=${limitOf("nproc").hard + 1}`);
const noRaise = mayRaise
  ? ""
  : " (SKIPPED: this needs CAP_SYS_RESOURCE, which root most often has)";

test.runIf(mayRaise)(`with rights the hard limit is raised too${noRaise}`, () => {
  const set = 'setLimit("nproc", { soft: 7000, hard: 7001 })';
  const expression = `[${set}, limitOf("nproc")]`;
  expect(inChild(expression, ["--nproc=5000:6000"])).toEqual([true, { soft: 7_000, hard: 7_001 }]);
});

test("where there is no prlimit, nothing is set and nothing is thrown", () => {
  const set = 'setLimit("nofile", { soft: 100, hard: 100 })';
  expect(inChild(`((process.env.PATH = "/nonexistent"), ${set})`)).toBe(false);
});

test("a soft limit above the hard one is refused", () => {
  const set = 'setLimit("nofile", { soft: 300, hard: 200 })';
  expect(inChild(`[${set}, limitOf("nofile").hard]`, ["--nofile=300:300"])).toEqual([false, 300]);
});
