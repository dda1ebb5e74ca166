/** What a child finds when it begins: read from /proc, and compared with supervisord's children. */

import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../support/daemon.ts";
import { available } from "../support/peers.ts";
import { isRoot, openFolder } from "../support/rights.ts";
import {
  comparable,
  type DaemonName,
  type View,
  type Watched,
  watch,
  ways,
  without,
} from "../support/watched.ts";

/** Beside supervisord, and on a busy machine. */
const LONG = { timeout: 60_000 };

type Env = Readonly<Record<string, string>>;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The whole environment in which the shell is run that starts the daemon. */
const given = (env: Env): Env => ({ PATH, LANG: "C.UTF-8", EMPTY: "", EQUALS: "a=b=c", ...env });
const only = (env: Env): string[] => [
  "env",
  "-i",
  ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
];

/** What bash adds of its own. */
const ofBash = ["PWD", "OLDPWD", "SHLVL", "_"];
const words = `"two words" "" 'it is "quoted"' back\\\\slash $HOME * ünïcödé "日本 語" a=b 'a'"b"c`;
const seen = [
  "two words",
  "",
  'it is "quoted"',
  "back\\slash",
  "$HOME",
  "*",
  "ünïcödé",
  "日本 語",
  "a=b",
  "abc",
];

const programs = `
[program:words]
command=sh -c "read line" ${words}
[program:path]
command=/bin/sh -c "read line"
[program:found]
command=only-here 1000
environment=PATH="%(here)s/bin:/nonexistent",QUOTED="a b, 'c' 日本"
[program:shaped]
command=sleep 1000
directory=%(here)s/work
umask=027
environment=SUPERVISOR_GROUP_NAME="mine"
serverurl=unix:///elsewhere
[program:joined]
command=sleep 1000
redirect_stderr=true
[group:pair]
programs=joined
`;
const asNobody = `
[program:other]
command=sh -c "read line" ${words}
user=nobody
[program:other-found]
command=only-here 1000
environment=PATH="%(here)s/bin"
user=nobody
`;
const comms = { words: "sh", path: "sh", found: "only-here", shaped: "sleep", joined: "sleep" };
const commsOfNobody = { other: "sh", "other-found": "only-here" };

/** A folder with what the programs name. */
function prepared(): string {
  const dir = openFolder();
  mkdirSync(path.join(dir, "work"));
  mkdirSync(path.join(dir, "bin"));
  symlinkSync("/usr/bin/sleep", path.join(dir, "bin/only-here"));
  return dir;
}

/** The child of each program, once it has become what its command says. */
async function viewsOf(daemon: Watched, programs: Env): Promise<Record<string, View>> {
  const views = Object.entries(programs).map(
    async ([program, comm]) => [program, await daemon.child(program, comm)] as const,
  );
  return Object.fromEntries(await Promise.all(views));
}

interface How {
  env: Env;
  background?: boolean;
  setup?: string;
  supervisord?: string;
}

async function start(name: DaemonName, { env, ...how }: How) {
  const text = isRoot ? programs + asNobody : programs;
  const daemon = await watch(name, text, { ...how, dir: prepared(), through: only(given(env)) });
  const views = await viewsOf(daemon, isRoot ? { ...comms, ...commsOfNobody } : comms);
  return { dir: daemon.dir, views };
}

/** Nothing blocked and nothing ignored, and nothing waits. */
const freshSignals = {
  SigBlk: "0000000000000000",
  SigIgn: "0000000000000000",
  SigPnd: "0000000000000000",
  ShdPnd: "0000000000000000",
};

const both = { foreground: false, background: true };

describe.each(ways)("a child that is started %s", LONG, (_, env) => {
  describe.each(Object.entries(both))("by a droverd in the %s", (__, background) => {
    test("sees its words as they are written, its folder, its umask and its environment, and nothing of droverd's", async () => {
      const { dir, views } = await start("droverd", { env, background });
      const { words, path: slashed, found, shaped } = views;
      expect(words?.argv).toEqual(["sh", "-c", "read line", ...seen]);
      expect(slashed?.argv).toEqual(["/bin/sh", "-c", "read line"]);
      expect(found?.argv).toEqual(["only-here", "1000"]);
      expect(shaped?.cwd).toBe(path.join(dir, "work"));
      expect(words?.cwd).toBe(process.cwd());
      expect([words?.status.Umask, shaped?.status.Umask]).toEqual(["0022", "0027"]);
      const common = {
        ...given(env),
        SUPERVISOR_ENABLED: "1",
        SUPERVISOR_SERVER_URL: `unix://${dir}/d.sock`,
      };
      const names = (name: string, group = name) => ({
        SUPERVISOR_PROCESS_NAME: name,
        SUPERVISOR_GROUP_NAME: group,
      });
      const own = {
        words: names("words"),
        joined: names("joined", "pair"),
        found: {
          ...names("found"),
          PATH: `${dir}/bin:/nonexistent`,
          QUOTED: "a b, 'c' 日本",
        },
        shaped: { ...names("shaped", "mine"), SUPERVISOR_SERVER_URL: "unix:///elsewhere" },
      };
      for (const [program, more] of Object.entries(own)) {
        const env = without(ofBash, views[program]?.env ?? {});
        expect(env, program).toEqual({ ...common, ...more });
      }
      if (!isRoot) return;
      expect(views.other?.argv).toEqual(words?.argv);
      expect(views["other-found"]?.argv).toEqual(["only-here", "1000"]);
      const other = without(ofBash, views.other?.env ?? {});
      expect(other).toEqual({ ...common, ...names("other") });
    });

    test("has no descriptor that the shell had open, no signal that it ignored, and a group and a session of its own", async () => {
      const descriptors = [3, 4, 5, 6, 7, 8, 9, 20, 251].map((fd) => `exec ${fd}</dev/null`);
      const setup = `${descriptors.join("\n")}\ntrap '' HUP INT PIPE USR2 TTOU\n`;
      const { views } = await start("droverd", { env, background, setup });
      for (const [program, view] of Object.entries(views)) {
        const { pid, group, session, status, fds } = view;
        expect(Object.keys(fds), program).toEqual(["0", "1", "2"]);
        expect({ group, session }, program).toEqual({ group: pid, session: pid });
        expect(status, program).toMatchObject(freshSignals);
      }
      expect(views.joined?.fds[2]).toBe(views.joined?.fds[1]);
      expect(views.words?.fds[2]).not.toBe(views.words?.fds[1]);
    });
  });

  test("has a stdin that gives no end, and another one with stdin=null", async () => {
    const daemon = await watch(
      "droverd",
      `
[program:waits]
command=cat
[program:ends]
command=cat
stdin=null
startsecs=0
`,
      { env },
    );
    await eventually("one ends", () =>
      daemon.log().includes("exited: ends (exit status 0; expected)"),
    );
    await eventually("the other stays", () =>
      daemon.log().includes("success: waits entered RUNNING"),
    );
    expect((await daemon.child("waits", "cat")).fds[0]).toMatch(/waits\.stdin$/);
  });

  test.each(isRoot ? ["", "user=nobody"] : [""])(
    "can open and write its /dev/stdout and /dev/stderr %s",
    async (user) => {
      const dir = openFolder();
      const daemon = await watch(
        "droverd",
        `
[program:apart]
command=sh -c 'echo 1 >/dev/stdout; echo 2 >>/dev/stdout; echo 3 >/dev/stderr; echo 4 >/proc/self/fd/1; read line'
stdout_logfile=%(here)s/out
stderr_logfile=%(here)s/err
${user}
[program:joined]
command=sh -c 'echo 1 >/dev/stdout; echo 2 >/dev/stderr; echo 3 >/dev/fd/2; read line'
redirect_stderr=true
stdout_logfile=%(here)s/joined
${user}
[program:nowhere]
command=sh -c 'echo 1 >/dev/stdout && echo 2 >/dev/stderr && exit 7'
stdout_logfile=NONE
stderr_logfile=NONE
${user}
`,
        { env, dir },
      );
      await eventually(
        "the first",
        () => daemon.file("out") === "1\n2\n4\n" && daemon.file("err") === "3\n",
      );
      await eventually("the second", () => daemon.file("joined") === "1\n2\n3\n");
      await eventually("the third", () => daemon.log().includes("exited: nowhere (exit status 7;"));
    },
  );

  test.runIf(available("supervisord"))(
    "is as supervisord's is, but for what is known",
    async () => {
      const [ours, theirs] = await Promise.all([
        start("droverd", { env }),
        start("supervisord", { env }),
      ]);
      for (const [program, view] of Object.entries(ours.views)) {
        const their = theirs.views[program];
        expect(comparable(view, ours.dir), program).toEqual(their && comparable(their, theirs.dir));
        // The known differences. supervisord leaves SIGPIPE and SIGXFSZ as Python has them: ignored.
        expect(their?.status.SigIgn, program).toBe("0000000001001000");
        expect(their?.group).toBe(their?.pid);
        expect(their?.session, program).not.toBe(their?.pid);
      }
    },
  );
});

const softFiles = ({ limits }: View) => limits["Max open files"];
const limited = "ulimit -Sn 700; ulimit -Hn 5000";
const one = "[program:a]\ncommand=sleep 1000\n";

/** Node raises its own soft limit of open files to the hard one; only a system call can undo that. */
describe.each(Object.entries(both))("the child of a droverd in the %s", (_, background) => {
  test.each([
    [600, "700"],
    [1_000, "1000"],
  ])("may open as many files as the shell allowed, or minfds=%i", async (minfds, expected) => {
    const how = { background, setup: limited, supervisord: `minfds=${minfds}` };
    const daemon = await watch("droverd", one, how);
    expect(softFiles(await daemon.child("a", "sleep"))).toEqual([expected, "5000"]);
  });
});
