import { randomUUID } from "node:crypto";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { treeOf } from "../../src/os/descent.ts";
import { readProcesses, readStat } from "../../src/os/procstat.ts";
import { snapshot, TREE_VARIABLE, Tree } from "../../src/os/tree.ts";
import { asRoot } from "../support/children.ts";
import { eventually, isAlive } from "../support/daemon.ts";
import { hopper, type StartedChild, startChild } from "../support/marked.ts";
import { asNobody } from "../support/nobody.ts";
import { needsPython, testWithPython } from "../support/python.ts";
import { temporaryFolder } from "../support/temporary.ts";

interface Supervised extends StartedChild {
  token: string;
  tree: Tree;
}

/** A child as the daemon starts it: with a token. */
function supervise(file: string, args: readonly string[] = []): Supervised {
  const token = randomUUID();
  const child = startChild(file, args, { [TREE_VARIABLE]: token });
  return { ...child, token, tree: treeFrom(child, token) };
}

const shell = (script: string) => supervise("/bin/sh", ["-c", script]);

/** As a daemon that has seen nothing of it yet. */
const treeFrom = ({ pid }: { pid: number }, token: string) =>
  new Tree({ pid, token, start: readStat(pid)?.start });

const pidsOf = (tree: Tree) => tree.members().map(({ pid }) => pid);
const namesOf = (tree: Tree) =>
  tree
    .members()
    .map(({ name }) => name)
    .sort();

/** Waits until just these are in a tree, and tells their pids. */
const settled = async (tree: Tree, ...names: string[]) => {
  const wanted = names.sort().join();
  await eventually(`just ${wanted} are there`, () => namesOf(tree).join() === wanted);
  return pidsOf(tree);
};

/** More than any pid. */
const nobody = 2 ** 22;
const sessionOf = (pid: number) => readStat(pid)?.session;
const gone = (pids: readonly number[]) =>
  eventually("they are gone", () => !pids.some((pid) => isAlive(pid)));

describe("to a tree belongs", () => {
  test("the child alone", async () => {
    const { pid, tree, exited } = supervise("/bin/sleep", ["1000"]);
    expect(tree.members()).toEqual([{ pid, name: "sleep" }]);
    process.kill(pid, "SIGKILL");
    await exited;
    expect(tree.members()).toEqual([]);
  });

  test("who has a name that would spoil a log, without what spoils it", async () => {
    const file = path.join(temporaryFolder(), "x\n)\te(");
    symlinkSync("/bin/sleep", file);
    const { pid, tree } = supervise(file, ["1000"]);
    expect(tree.members()).toEqual([{ pid, name: "x?)?e(" }]);
  });

  test("what the child has started, in groups of their own too", async () => {
    const { pid, tree } = shell(`
      perl -e 'setpgrp; exec "sleep", "1000"' & echo $! >grouped
      sh -c 'sleep 1000 & wait' & wait`);
    const pids = await settled(tree, "sh", "sh", "sleep", "sleep");
    expect(new Set(pids.map(sessionOf))).toEqual(new Set([pid]));
    expect(new Set(pids.map((member) => readStat(member)?.group)).size).toBe(2);
  });

  test("who has made a session while its parent lives, and what is in that", async () => {
    const { pid, tree } = shell(`
      setsid sh -c 'sh -c "sleep 1000 & echo \\$! >orphan"; sleep 1000 & wait' & wait`);
    const pids = await settled(tree, "sh", "sh", "sleep", "sleep");
    expect(new Set(pids.map(sessionOf)).size).toBe(2);
    expect(pids).toContain(pid);
  });

  test("all of that when the child itself has gone", async () => {
    const { pid, tree, exited } = shell(`
      sleep 1000 & perl -e 'setpgrp; exec "sleep", "1000"' & sleep 1000 & exit 0`);
    await exited;
    const pids = await settled(tree, "sleep", "sleep", "sleep");
    expect(pids).not.toContain(pid);
  });

  test.each([
    ["while the child lives", "exec sleep 1000", ["sleep"]],
    ["when it has gone", "exit 0", []],
  ])("who has lost its parent in a session of its own, %s", async (_, then, others) => {
    const { pid, tree, noted } = shell(`setsid sh -c 'sleep 1000 & echo $! >orphan'; ${then}`);
    const orphan = await noted("orphan");
    const pids = await settled(tree, "sleep", ...others);
    expect(pids).toContain(orphan);
    expect(sessionOf(orphan)).not.toBe(pid);
    expect(pids).not.toContain(readStat(orphan)?.parent);
  });

  test("what such an orphan has started and made", async () => {
    const { tree, exited } = shell(`
      setsid sh -c '(setsid env -u ${TREE_VARIABLE} sleep 1000 & env -u ${TREE_VARIABLE} sleep 1000 & wait) &'`);
    await exited;
    await settled(tree, "sh", "sleep", "sleep");
  });

  testWithPython(`an orphan that fell to a daemon that takes orphans${needsPython}`, async () => {
    const token = randomUUID();
    const daemon = startChild("python3", [
      "-c",
      `
import ctypes, subprocess, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) # PR_SET_CHILD_SUBREAPER
child = subprocess.Popen(["sh", "-c", "setsid sh -c 'sleep 1000 & echo $! >orphan'"],
  start_new_session=True, env={"PATH": "${process.env.PATH}", "${TREE_VARIABLE}": "${token}"})
child.wait()
open("child", "w").write(str(child.pid))
time.sleep(1000)`,
    ]);
    const root = { pid: await daemon.noted("child"), token };
    const orphan = await daemon.noted("orphan");
    expect(readStat(orphan)?.parent).toBe(daemon.pid);
    const tree = treeOf(root, { ...snapshot(), daemon: daemon.pid });
    expect(tree.map(({ pid }) => pid)).toEqual([orphan]);
    process.kill(orphan, "SIGKILL");
  });

  test("who was seen once, even when nothing tells any more where it comes from", async () => {
    const { pid, tree, token, exited } = shell(
      `env -u ${TREE_VARIABLE} setsid sleep 1000 & exec sleep 1000`,
    );
    const pids = await settled(tree, "sleep", "sleep");
    const lost = pids.filter((member) => member !== pid);
    process.kill(pid, "SIGKILL");
    await exited;
    expect(pidsOf(treeFrom({ pid }, token))).toEqual([]);
    expect(pidsOf(tree)).toEqual(lost);
    tree.kill("SIGKILL");
    await gone(lost);
    expect(pidsOf(tree)).toEqual([]);
  });
});

describe("to a tree belong no", () => {
  test("zombies", async () => {
    const { pid, tree } = shell("sleep 0 & exec sleep 1000");
    const zombie = () => readProcesses().find(({ parent, dead }) => parent === pid && dead);
    await eventually("its child has ended", zombie);
    expect(tree.members()).toEqual([{ pid, name: "sleep" }]);
    expect(zombie()).toBeDefined();
  });

  test("child that has ended, before the daemon has asked for it", async () => {
    const { pid, tree } = supervise("/bin/sleep", ["0"]);
    // Node asks only in a later turn of its loop.
    while (isAlive(pid));
    expect(readStat(pid)).toMatchObject({ dead: true });
    expect(tree.members()).toEqual([]);
  });

  test("members of another tree", async () => {
    const script = `setsid sh -c 'sleep 1000 & echo $! >orphan'; sleep 1000 & wait`;
    const [one, two] = [shell(script), shell(script)];
    const pids = await settled(one.tree, "sh", "sleep", "sleep");
    const others = await settled(two.tree, "sh", "sleep", "sleep");
    expect(new Set([...pids, ...others]).size).toBe(6);
    one.tree.kill("SIGKILL");
    await gone(pids);
    expect(one.tree.members()).toEqual([]);
    expect(pidsOf(two.tree)).toEqual(others);
  });

  test("processes with a token that only begins alike", async () => {
    const { token, exited } = shell("setsid sleep 1000 & exit 0");
    await exited;
    await settled(new Tree({ pid: nobody, token }), "sleep");
    expect(new Tree({ pid: nobody, token: token.slice(0, -1) }).members()).toEqual([]);
    expect(new Tree({ pid: nobody, token: `${token}0` }).members()).toEqual([]);
  });

  test("processes with the token in another variable", async () => {
    const name = `NO_${TREE_VARIABLE}`;
    const { token, exited, noted } = shell(
      `${name}=$${TREE_VARIABLE} setsid env -u ${TREE_VARIABLE} sleep 1000 & echo $! >other; exit 0`,
    );
    await exited;
    const other = await noted("other");
    const environ = () => readFileSync(`/proc/${other}/environ`, "utf8").split("\0");
    await eventually("it has lost the variable", () => {
      const held = environ();
      return held.includes(`${name}=${token}`) && !held.includes(`${TREE_VARIABLE}=${token}`);
    });
    expect(new Tree({ pid: nobody, token }).members()).toEqual([]);
  });

  test("strangers that lead a session by the pid of a child long gone", async () => {
    const { pid } = startChild("/bin/sleep", ["1000"]);
    expect(pidsOf(new Tree({ pid, token: randomUUID(), start: "1" }))).toEqual([]);
    expect(pidsOf(new Tree({ pid, token: randomUUID() }))).toEqual([pid]);
  });
});

test.runIf(asRoot)(
  "a look waits for no environment that may not be read (only as root)",
  async () => {
    const { noted } = shell("setsid sh -c 'sleep 1000 & echo $! >orphan'; exec sleep 1000");
    await noted("orphan");
    const look = `new module.Tree({ pid: ${nobody}, token: "t" }).members()`;
    const pauses = `(() => { let pauses = 0; Atomics.wait = () => pauses++; ${look}; return pauses })()`;
    expect(asNobody("os/tree.js", pauses)).toBe("0");
  },
);

test("one look may serve many trees, and tells of its own time", async () => {
  const one = supervise("/bin/sleep", ["1000"]);
  const two = supervise("/bin/sleep", ["1000"]);
  const now = snapshot();
  process.kill(one.pid, "SIGKILL");
  await one.exited;
  expect(now.daemon).toBe(process.pid);
  expect(one.tree.members(now)).toEqual([{ pid: one.pid, name: "sleep" }]);
  expect(two.tree.members(now)).toEqual([{ pid: two.pid, name: "sleep" }]);
  expect(one.tree.members()).toEqual([]);
});

/** Orphans of another tree: a look takes long, as each one's environment must be read. */
async function crowd(): Promise<void> {
  const other = shell(`
    i=0; while [ $((i += 1)) -le 150 ]; do (setsid sleep 1000 &); done; exec sleep 1000`);
  await eventually("they are all there", () => other.tree.members().length === 151);
}

describe("a signal", () => {
  test("reaches every member", async () => {
    const names = ["plain", "apart", "orphan"];
    const waiting = path.join(temporaryFolder(), "waiting");
    const script = `trap 'echo $$ >$1.told' USR1; echo $$ >$1.ready; while :; do sleep 0.02; done`;
    writeFileSync(waiting, script);
    const { tree, noted } = shell(`
      sh ${waiting} plain & setsid sh ${waiting} apart & (setsid sh ${waiting} orphan &)
      trap : USR1; while :; do sleep 0.02; done`);
    const pids = await Promise.all(names.map((name) => noted(`${name}.ready`)));
    const signalled = tree.kill("SIGUSR1").map(({ pid }) => pid);
    expect(signalled).toEqual(expect.arrayContaining(pids));
    expect(await Promise.all(names.map((name) => noted(`${name}.told`)))).toEqual(pids);
  });

  test("says whom it reached", async () => {
    const { pid, tree, noted } = shell(
      `setsid sh -c 'sleep 1000 & echo $! >orphan'; exec sleep 1000`,
    );
    const orphan = await noted("orphan");
    await settled(tree, "sleep", "sleep");
    expect(tree.kill("SIGTERM")).toEqual([
      { pid, name: "sleep" },
      { pid: orphan, name: "sleep" },
    ]);
    await gone([pid, orphan]);
    expect(tree.kill("SIGTERM")).toEqual([]);
    expect(tree.kill("SIGKILL")).toEqual([]);
  });

  test("SIGKILL ends also what is started meanwhile", async () => {
    await crowd();
    const { token, pid } = shell(`
      starter() { i=0; while [ $((i += 1)) -lt 2000 ]; do setsid sleep 1000 & done; }
      starter & starter & wait`);
    const tree = new Tree({ pid, token });
    await eventually("it is at work", () => tree.members().length > 40);
    const killed = tree.kill("SIGKILL").map((member) => member.pid);
    expect(killed.length).toBeGreaterThan(40);
    expect(new Set(killed).size).toBe(killed.length);
    await gone(killed);
    expect(tree.members()).toEqual([]);
    expect(new Tree({ pid, token }).members()).toEqual([]);
  });

  test("SIGKILL ends a group in which each forks the next and ends", async () => {
    const { tree, exited } = supervise("perl", hopper(0, 20_000));
    await exited;
    tree.kill("SIGKILL");
    // Left alone, they go on for longer.
    await eventually("nothing is left", () => tree.members().length === 0, 1_500);
  });

  test("SIGKILL ends one that hops from session to session", async () => {
    const { tree, exited } = supervise("perl", hopper(300, 50, "POSIX::setsid()"));
    await exited;
    expect(tree.members().length).toBeGreaterThan(0);
    expect(tree.kill("SIGKILL").length).toBeGreaterThan(0);
    await eventually("nothing is left", () => tree.members().length === 0);
  });

  test.runIf(asRoot)("refused by some reaches the others (only as root)", async () => {
    const { pid, token, noted } = shell(`
      sleep 1000 & echo $! >roots
      setpriv --reuid=65534 --clear-groups sleep 1000 & echo $! >nobodys
      wait`);
    const [roots, nobodys] = [await noted("roots"), await noted("nobodys")];
    await eventually("it is nobody's", () =>
      /^Uid:\s65534/m.test(readFileSync(`/proc/${nobodys}/status`, "utf8")),
    );
    for (const signal of ["SIGTERM", "SIGKILL"]) {
      const kill = `new module.Tree({ pid: ${pid}, token: "${token}" }).kill("${signal}")`;
      const message = asNobody("os/tree.js", kill);
      expect(message).toBe(`cannot send ${signal} to ${pid} (sh): EPERM, ${roots} (sleep): EPERM`);
      await gone([nobodys]);
    }
    expect(isAlive(roots)).toBe(true);
  });
});
