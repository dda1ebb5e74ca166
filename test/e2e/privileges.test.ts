/** Who a child is and what it may use: read from /proc, and compared with supervisord's children. */

import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/daemon.ts";
import { available } from "../support/peers.ts";
import { asUser, inNamespace, isRoot, may, NOBODY, openFolder } from "../support/rights.ts";
import { comparable, type DaemonName, watch, ways } from "../support/watched.ts";

/** Beside supervisord, and on a busy machine. */
const LONG = { timeout: 60_000 };

const mayMount = may(
  [...inNamespace, "mount", "-t", "tmpfs", "none", "/mnt"],
  "users of our own need root, and a mount namespace",
);

/** In a mount namespace, for the daemon and its children alone: a user with groups besides its own. */
function ownUsers(dir: string): string {
  const extend = (name: string, lines: string) => {
    const file = path.join(dir, name);
    writeFileSync(file, `${readFileSync(`/etc/${name}`, "utf8").trimEnd()}\n${lines}`);
    return `mount --bind ${file} /etc/${name}`;
  };
  return [
    extend("passwd", "drover-tester:x:54321:54322::/nowhere:/bin/false\n"),
    extend(
      "group",
      "drover-tester:x:54322:\ndrover-one:x:54401:root,drover-tester\ndrover-two:x:54402:drover-tester,nobody\n",
    ),
  ].join(" && ");
}

const identities = `
[program:by-name]
command=sleep 1000
user=drover-tester
[program:by-id]
command=sleep 1000
user=54321
[program:root]
command=sleep 1000
user=root
[program:plain]
command=sleep 1000
`;

describe.runIf(mayMount).each(ways)("a child with user= that is started %s", LONG, (_, env) => {
  const start = async (name: DaemonName) => {
    const dir = openFolder();
    const setup = ownUsers(dir);
    const daemon = await watch(name, identities, { dir, env, setup, through: inNamespace });
    const names = ["by-name", "by-id", "root", "plain"];
    return Promise.all(
      names.map(async (program) => comparable(await daemon.child(program, "sleep"), dir)),
    );
  };

  test("is that user with all of its groups, and keeps the environment of the daemon", async () => {
    const [byName, byId, root, plain] = await start("droverd");
    for (const child of [byName, byId]) {
      const { Uid, Gid, Groups } = child?.status ?? {};
      expect(Uid).toBe("54321\t54321\t54321\t54321");
      expect(Gid).toBe("54322\t54322\t54322\t54322");
      expect(Groups?.split(" ")).toEqual(["54322", "54401", "54402"]);
      const { HOME, USER, LOGNAME } = child?.env ?? {};
      expect([HOME, USER, LOGNAME]).toEqual([
        process.env.HOME,
        process.env.USER,
        process.env.LOGNAME,
      ]);
    }
    for (const child of [root, plain]) expect(child?.status.Uid).toBe("0\t0\t0\t0");
  });

  test("of a daemon with user= is that user with all of its groups too", async () => {
    const start = async (name: DaemonName) => {
      const dir = openFolder(54_321);
      const text =
        "[program:plain]\ncommand=sleep 1000\n[program:same]\ncommand=sleep 1000\nuser=54321\n";
      const how = { dir, env, setup: ownUsers(dir), through: inNamespace };
      const daemon = await watch(name, text, { ...how, supervisord: "user=drover-tester" });
      const names = ["plain", "same"];
      return Promise.all(
        names.map(async (program) => comparable(await daemon.child(program, "sleep"), dir)),
      );
    };
    const ours = await start("droverd");
    expect(ours[0]?.status.Groups?.split(" ")).toEqual(["54322", "54401", "54402"]);
    if (available("supervisord")) expect(await start("supervisord")).toEqual(ours);
  });

  test.runIf(available("supervisord"))("is as with supervisord", async () => {
    const [ours, theirs] = await Promise.all([start("droverd"), start("supervisord")]);
    expect(ours).toEqual(theirs);
  });
});

const limits = `
rlimit_nofile=300:400
rlimit_core=0
rlimit_nproc=500:600
rlimit_fsize=1000000:unlimited
`;
const everything = `${limits}
nice=5
oom_score_adj=321
no_new_privileges=true
umask=007
`;

describe.runIf(isRoot).each(ways)("a child that is started %s", LONG, (_, env) => {
  test("gets its limits, its niceness, its place before the OOM killer and its umask, as one user or another", async () => {
    const dir = openFolder();
    mkdirSync(path.join(dir, "work"));
    const daemon = await watch(
      "droverd",
      `
[program:other]
command=sleep 1000
directory=%(here)s/work
user=nobody
${everything}
[program:same]
command=sleep 1000
${everything}
[program:favoured]
command=sleep 1000
nice=-5
[program:plain]
command=sleep 1000
`,
      { dir, env },
    );
    for (const program of ["other", "same"]) {
      const { argv, cwd, status, nice, oomScoreAdj, limits, fds } = await daemon.child(
        program,
        "sleep",
      );
      expect({ argv, nice, oomScoreAdj }).toEqual({
        argv: ["sleep", "1000"],
        nice: 5,
        oomScoreAdj: 321,
      });
      expect(status).toMatchObject({ Umask: "0007", NoNewPrivs: "1", SigIgn: "0000000000000000" });
      expect(status.Uid?.split("\t")[0]).toBe(program === "other" ? String(NOBODY) : "0");
      expect(cwd).toBe(program === "other" ? path.join(dir, "work") : process.cwd());
      expect(limits).toMatchObject({
        "Max open files": ["300", "400"],
        "Max core file size": ["0", "0"],
        "Max processes": ["500", "600"],
        "Max file size": ["1000000", "unlimited"],
      });
      expect(Object.keys(fds)).toEqual(["0", "1", "2"]);
    }
    expect((await daemon.child("favoured", "sleep")).nice).toBe(-5);
    expect(await daemon.child("plain", "sleep")).toMatchObject({ nice: 0, oomScoreAdj: 0 });
  });

  test("of another user than an ordinary daemon's is not started, in supervisord's words", async () => {
    const programs = `
[program:other]
command=sleep 1000
user=root
startretries=0
startsecs=5
stderr_logfile=%(here)s/other.err
[program:same]
command=sleep 1000
user=nobody
`;
    const start = async (name: DaemonName) => {
      const daemon = await watch(name, programs, {
        dir: openFolder(NOBODY),
        env,
        through: asUser(NOBODY),
      });
      await eventually("it is given up", () => daemon.log().includes("gave up: other"));
      const { status } = await daemon.child("same", "sleep");
      expect(status.Uid?.split("\t")[0]).toBe(String(NOBODY));
      const log = daemon.log().match(/(?:exited|gave up): other.*/g);
      return { log, said: daemon.file("other.err") };
    };
    const ours = await start("droverd");
    expect(ours).toEqual({
      log: [
        "exited: other (exit status 127; not expected)",
        "gave up: other entered FATAL state, too many start retries too quickly",
      ],
      said:
        "supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n" +
        "supervisor: child process was not spawned\n",
    });
    if (available("supervisord")) expect(await start("supervisord")).toEqual(ours);
  });

  test("begins in a folder that its user may enter, also where root may not, as on NFS, and again after its end", async () => {
    // supervisord may take what ends within its tick of a second for started: hence startsecs.
    const programs = `
[program:own]
command=sleep 1000
directory=%(here)s/own
user=nobody
[program:shut]
command=sleep 1000
directory=%(here)s/shut
user=nobody
startretries=0
startsecs=5
stderr_logfile=%(here)s/shut.err
`;
    // Root without these rights is stopped by modes as others are.
    const powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
    const start = async (name: DaemonName) => {
      const dir = openFolder();
      for (const [sub, uid] of [
        ["own", NOBODY],
        ["shut", 1],
      ] as const) {
        mkdirSync(path.join(dir, sub), { mode: 0o700 });
        chownSync(path.join(dir, sub), uid, uid);
      }
      const daemon = await watch(name, programs, { dir, env, through: powerless });
      const first = await daemon.child("own", "sleep");
      process.kill(first.pid, "SIGKILL");
      const { argv, cwd } = await eventually("another one", async () => {
        const view = await daemon.child("own", "sleep");
        return view.pid === first.pid ? undefined : view;
      });
      await eventually("the other is given up", () => daemon.log().includes("gave up: shut"));
      const normal = (text: string) => text.replaceAll(dir, "DIR");
      return { argv, cwd: normal(cwd), said: normal(daemon.file("shut.err")) };
    };
    const ours = await start("droverd");
    expect(ours).toEqual({
      argv: ["sleep", "1000"],
      cwd: "DIR/own",
      said:
        "supervisor: couldn't chdir to DIR/shut: EACCES\n" +
        "supervisor: child process was not spawned\n",
    });
    if (available("supervisord")) expect(await start("supervisord")).toEqual(ours);
  });

  test("that asks for what the daemon may not give ends with the words of the tool in its log", async () => {
    const daemon = await watch(
      "droverd",
      `
[program:score]
command=sleep 1000
oom_score_adj=-500
startretries=0
stderr_logfile=%(here)s/score.err
[program:limit]
command=sleep 1000
rlimit_nofile=1000000
startretries=0
stderr_logfile=%(here)s/limit.err
[program:plain]
command=sleep 1000
startsecs=0
`,
      { dir: openFolder(NOBODY), env, through: asUser(NOBODY), setup: "ulimit -Hn 20000" },
    );
    await eventually("both are given up", () => daemon.log().match(/gave up/g)?.length === 2);
    expect(daemon.file("score.err")).toMatch(/^choom: .*score/);
    expect(daemon.file("limit.err")).toMatch(/^prlimit: .*NOFILE.*not permitted/);
    await daemon.child("plain", "sleep");
  });
});
