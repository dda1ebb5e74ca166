import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Cgroup, memoryCgroup } from "../../src/os/cgroups.ts";
import { type OomPaths, OomWatch, oomKills } from "../../src/os/oom.ts";
import { eating, limitedGroup, mine, place, skipped } from "../support/memorycgroup.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("the count", () => {
  test.each<[string, string, number | undefined]>([
    ["memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 7\n", 2],
    ["memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 14\n", 14],
    ["/proc/vmstat", "pgfault 55\noom_kill 0\nnuma_hit 5\n", 0],
    ["an older kernel", "oom_kill_disable 0\nunder_oom 0\n", undefined],
    ["nothing", "", undefined],
  ])("in %s", (_, text, expected) => {
    expect(oomKills(text)).toBe(expected);
  });
});

/** A machine with every controller in a hierarchy of its own, as this project is tested on. */
const hybrid = `23 0 8:1 / / rw,relatime - ext4 /dev/root rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:1 - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

describe("the memory cgroup of a process", () => {
  const found = (version: 1 | 2, mount: string, folder: string) => ({ version, mount, folder });
  const inMemory = "/sys/fs/cgroup/memory";
  const all = "/sys/fs/cgroup";

  test.each<[string, string, string, Cgroup | undefined]>([
    ["version 1", "4:memory:/a/b\n0::/\n", hybrid, found(1, inMemory, `${inMemory}/a/b`)],
    ["version 1, the root", "0::/x\n4:memory:/\n", hybrid, found(1, inMemory, inMemory)],
    [
      "version 1, with other controllers",
      "4:cpu,memory:/a\n",
      "1 1 0:1 / /cg rw - cgroup cgroup rw,cpu,memory\n",
      found(1, "/cg", "/cg/a"),
    ],
    [
      "version 1, in a container that sees its own part",
      "4:memory:/docker/4f\n",
      "9 8 0:32 /docker/4f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
      found(1, inMemory, inMemory),
    ],
    [
      "version 1, below such a part",
      "4:memory:/docker/4f/jobs\n",
      "9 8 0:32 /docker/4f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
      found(1, inMemory, `${inMemory}/jobs`),
    ],
    [
      "version 1, where only another part is seen",
      "4:memory:/docker/4f2\n",
      "9 8 0:32 /docker/4f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
      undefined,
    ],
    [
      "version 2",
      "0::/system.slice/drover.service\n",
      unified,
      found(2, all, `${all}/system.slice/drover.service`),
    ],
    [
      "version 2, beside controllers in version 1",
      "5:cpu,cpuacct:/a\n0::/x\n",
      hybrid,
      found(2, `${all}/unified`, `${all}/unified/x`),
    ],
    ["version 2, in a container", "0::/\n", unified, found(2, all, all)],
    ["version 2, colons in its name", "0::/a:b\n", unified, found(2, all, `${all}/a:b`)],
    [
      "version 2, on a mount with a space in its name",
      "0::/a\n",
      "30 23 0:26 / /my\\040cg rw - cgroup2 none rw\n",
      found(2, "/my cg", "/my cg/a"),
    ],
    [
      "the second mount, where the first shows another part",
      "0::/a/b\n",
      `1 1 0:26 /c /first rw - cgroup2 none rw\n2 1 0:26 /a /second rw - cgroup2 none rw\n`,
      found(2, "/second", "/second/b"),
    ],
    ["one that was moved out of its namespace", "0::/../b\n", unified, undefined],
    [
      "version 2 that is not mounted",
      "0::/a\n",
      "23 0 8:1 / / rw - ext4 /dev/root rw\n",
      undefined,
    ],
    ["no text", "", "", undefined],
  ])("%s", (_, cgroup, mountinfo, expected) => {
    expect(memoryCgroup({ cgroup, mountinfo })).toEqual(expected);
  });
});

/** Files that say: the process is in `own` below `mount`, a hierarchy of that version. */
function pathsFor(version: 1 | 2, mount: string, own = "/"): OomPaths {
  const folder = temporaryFolder();
  const files = {
    cgroup: version === 1 ? `4:memory:${own}\n0::/\n` : `0::${own}\n`,
    mountinfo:
      version === 1
        ? `35 31 0:32 / ${mount} rw - cgroup cgroup rw,memory\n`
        : `30 23 0:26 / ${mount} rw - cgroup2 cgroup2 rw\n`,
    vmstat: "pgfault 1\noom_kill 5\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const at = (name: keyof typeof files) => path.join(folder, name);
  return { cgroup: at("cgroup"), mountinfo: at("mountinfo"), vmstat: at("vmstat") };
}

/** A counter file in a folder that is made for it. */
function counter(file: string) {
  mkdirSync(path.dirname(file), { recursive: true });
  const set = (kills: number) => writeFileSync(file, `under_oom 0\noom_kill ${kills}\n`);
  set(3);
  return set;
}

describe("a watch", () => {
  test("tells what came since the last look, and that once", () => {
    const mount = temporaryFolder();
    const set = counter(path.join(mount, "a/memory.events"));
    const watch = new OomWatch(pathsFor(2, mount, "/a"));
    expect(watch.struck()).toBe(false);
    set(4);
    expect(watch.struck()).toBe(true);
    expect(watch.struck()).toBe(false);
    set(9);
    expect(watch.struck()).toBe(true);
  });

  test("looks above a cgroup that does not count, in version 2", () => {
    const mount = temporaryFolder();
    mkdirSync(path.join(mount, "a/b/c"), { recursive: true });
    const set = counter(path.join(mount, "a/memory.events"));
    const watch = new OomWatch(pathsFor(2, mount, "/a/b/c"));
    set(4);
    expect(watch.struck()).toBe(true);
  });

  test("looks below, in version 1, also where there was nothing before", () => {
    const mount = temporaryFolder();
    const set = counter(path.join(mount, "a/memory.oom_control"));
    const setBelow = counter(path.join(mount, "a/b/c/memory.oom_control"));
    const setBeside = counter(path.join(mount, "x/memory.oom_control"));
    const watch = new OomWatch(pathsFor(1, mount, "/a"));
    expect(watch.struck()).toBe(false);
    setBelow(4);
    expect(watch.struck()).toBe(true);
    set(4);
    expect(watch.struck()).toBe(true);
    setBeside(4);
    expect(watch.struck()).toBe(false);
    counter(path.join(mount, "a/new/memory.oom_control"));
    expect(watch.struck()).toBe(true);
    expect(watch.struck()).toBe(false);
  });

  test.each<[string, 1 | 2, string]>([
    ["no cgroup counts", 2, "/"],
    ["the cgroup is gone", 1, "/gone"],
  ])("looks at the whole machine where %s", (_, version, own) => {
    const paths = pathsFor(version, temporaryFolder(), own);
    const watch = new OomWatch(paths);
    expect(watch.struck()).toBe(false);
    writeFileSync(paths.vmstat, "oom_kill 6\n");
    expect(watch.struck()).toBe(true);
  });

  test("sees nothing where nothing counts, and does not throw", () => {
    const nowhere = path.join(temporaryFolder(), "nothing");
    const watch = new OomWatch({ cgroup: nowhere, mountinfo: nowhere, vmstat: nowhere });
    expect(watch.struck()).toBe(false);
  });

  test("of this process begins with nothing seen", () => {
    expect(new OomWatch().struck()).toBe(false);
  });
});

/** Runs a script of Node in a cgroup. @returns the signal that ended it */
function runIn(group: string, script: string): Promise<string | null> {
  const enter = 'echo $$ > "$1/cgroup.procs" && exec "$2" -e "$3"';
  const argv = ["-c", enter, "sh", group, process.execPath, script];
  const child = spawn("sh", argv, { stdio: "ignore", timeout: 20_000 });
  return new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
}

describe.runIf(place !== "")(`the kernel's own killing${skipped}`, () => {
  test("is seen in the cgroup of the killed, above it, and on the machine", async () => {
    const version = mine?.version ?? 1;
    const above = new OomWatch(pathsFor(version, place));
    const nowhere = { cgroup: "/nonexistent", mountinfo: "/nonexistent" };
    const machine = new OomWatch({ ...nowhere, vmstat: "/proc/vmstat" });
    const ofThis = new OomWatch();
    const group = limitedGroup();
    const inIt = new OomWatch(pathsFor(version, group));
    expect([inIt.struck(), above.struck()]).toEqual([false, false]);

    expect(await runIn(group, eating)).toBe("SIGKILL");
    expect([inIt.struck(), above.struck(), machine.struck()]).toEqual([true, true, true]);
    expect([inIt.struck(), above.struck()]).toEqual([false, false]);
    if (place === mine?.folder) expect(ofThis.struck()).toBe(true);
  });

  test("is not what kill -9 does", async () => {
    const group = limitedGroup();
    const inIt = new OomWatch(pathsFor(mine?.version ?? 1, group));
    const child = spawn("sh", ["-c", 'echo $$ > "$0/cgroup.procs"; kill -9 $$', group]);
    const signal = await new Promise((resolve) => child.on("exit", (_, how) => resolve(how)));
    expect(signal).toBe("SIGKILL");
    expect(inIt.struck()).toBe(false);
  });
});
