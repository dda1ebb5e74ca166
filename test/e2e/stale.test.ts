import { cpSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { pidsOf, startDaemon, tempDir } from "../support/daemon.ts";
import { processOf } from "../support/fleet.ts";

test("what runs an older release is marked, and restart --stale takes just that", async () => {
  const dir = tempDir();
  const releases = ["1", "2"].map((name) => path.join(dir, "releases", name));
  for (const release of releases) {
    mkdirSync(release, { recursive: true });
    writeFileSync(path.join(release, "worker.sh"), "exec sleep 1000\n");
  }
  const lead = (to: string) => {
    symlinkSync(to, path.join(dir, "next"));
    renameSync(path.join(dir, "next"), path.join(dir, "current"));
  };
  lead("releases/1");
  const tool = path.join(dir, "tool.sh");
  writeFileSync(tool, "exec sleep 1000\n");
  writeFileSync(path.join(dir, "data"), "");
  const daemon = await startDaemon(
    `
[program:inside]
command=sh worker.sh
directory=${dir}/current
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
[program:outside]
command=sh current/worker.sh
directory=${dir}
startsecs=0
[program:tool]
command=sh ${tool} ${dir}/data
startsecs=0
[program:fixed]
command=sleep 1000
startsecs=0
`,
    "",
    { dir },
  );
  const all = ["inside_0", "inside_1", "outside", "tool", "fixed"];
  for (const name of ["inside:inside_0", "inside:inside_1", "outside", "tool", "fixed"]) {
    await daemon.state(name, "RUNNING");
  }
  const stale = async () => {
    const found = await Promise.all(all.map((name) => processOf(daemon, name)));
    return Object.fromEntries(found.flatMap(({ name, stale: why }) => (why ? [[name, why]] : [])));
  };
  expect(await stale()).toEqual({});
  expect(await daemon.ctl("restart", "--stale")).toMatchObject({
    code: 0,
    stdout: "no process is of an older release\n",
  });
  // Data that is written is no release.
  writeFileSync(path.join(dir, "data"), "more");
  lead("releases/2");
  const led = `it runs in ${releases[0]}, and a start would in ${releases[1]}`;
  expect(await stale()).toEqual({
    inside_0: led,
    inside_1: led,
    outside: `${dir}/current/worker.sh has changed since it was started`,
  });
  const before = await pidsOf(daemon);
  expect((await daemon.ctl("why", "outside")).stdout).toContain(
    `  it is of an older release: ${dir}/current/worker.sh has changed`,
  );
  expect(await daemon.ctl("restart", "--stale", "inside:inside_0", "tool")).toMatchObject({
    code: 0,
    stdout: "inside:inside_0: stopped\ninside:inside_0: started\n",
  });
  expect(Object.keys(await stale())).toEqual(["inside_1", "outside"]);
  const then = await pidsOf(daemon);
  expect(then).toEqual({ ...before, inside_0: then.inside_0 });
  const { code, stdout } = await daemon.ctl("restart", "--stale", "--rolling");
  expect(code).toBe(0);
  expect(stdout).toContain("inside:inside_1: replaced (1/1)\n");
  expect(stdout).toContain("outside: replaced (1/1)\n");
  expect(await stale()).toEqual({});
  const last = await pidsOf(daemon);
  expect(last).toEqual({ ...then, inside_1: last.inside_1, outside: last.outside });

  utimesSync(tool, new Date(), new Date(Date.now() + 5_000));
  expect(await stale()).toEqual({ tool: `${tool} has changed since it was started` });
  const json = await daemon.ctl("restart", "--stale", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    stopped: [{ name: "tool" }],
    started: [{ name: "tool" }],
  });
  // A folder that was made anew under its name is another one, whatever is in it.
  renameSync(path.join(dir, "releases", "2"), path.join(dir, "releases", "old"));
  cpSync(path.join(dir, "releases", "old"), path.join(dir, "releases", "2"), { recursive: true });
  const anew = `${releases[1]} has been made anew since it was started`;
  expect(await stale()).toMatchObject({ inside_0: anew, inside_1: anew });
  expect((await daemon.ctl("restart", "--stale", "nosuch")).stdout).toBe(
    "nosuch: ERROR (no such process)\n",
  );
});
