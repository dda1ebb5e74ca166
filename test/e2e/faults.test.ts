/** Programs that cannot be started: the same states, words and log lines as supervisord's. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { available, supervisorctl } from "../support/peers.ts";
import { asUser, isRoot, NOBODY, openFolder } from "../support/rights.ts";
import { type DaemonName, watch, ways } from "../support/watched.ts";

/** Beside supervisord, and on a busy machine. */
const LONG = { timeout: 60_000 };

/** A folder with programs that cannot be run, each for a reason of its own. */
function faulty(uid = 0): string {
  const dir = openFolder(uid);
  const make = (name: string, content: string, mode: number) => {
    writeFileSync(path.join(dir, name), content);
    chmodSync(path.join(dir, name), mode);
  };
  make("plain", "text", 0o644);
  make("text", "text\n", 0o755);
  make("empty", "", 0o755);
  make("elf", `\x7fELF${"x".repeat(100)}`, 0o755);
  make("no-interpreter", "#!/nonexistent/interpreter -x\n", 0o755);
  make("bad-interpreter", "#!/etc/passwd\n", 0o755);
  make("no-name", "#!\n", 0o755);
  make("good", "#!/bin/sh\nexec sleep 1000\n", 0o755);
  make("closed", "#!/bin/sh\nexec sleep 1000\n", 0o700);
  mkdirSync(path.join(dir, "shut/inside"), { recursive: true });
  make("shut/good", "#!/bin/sh\nexec sleep 1000\n", 0o755);
  chmodSync(path.join(dir, "shut"), 0o700);
  return dir;
}

/** What goes wrong, as options of a program; `command` may stand for itself. */
const faults: Readonly<Record<string, string>> = {
  "missing-path": "command=/nonexistent/program",
  "missing-word": "command=no-such-program-anywhere",
  "not-executable": "command=%(here)s/plain",
  folder: "command=%(here)s/shut",
  "no-folder-on-the-way": "command=%(here)s/plain/program",
  quote: "command=sh -c 'open",
  text: "command=%(here)s/text",
  "text-by-word": 'command=text 1\nenvironment=PATH="%(here)s"',
  empty: "command=%(here)s/empty",
  elf: "command=%(here)s/elf",
  "no-interpreter": "command=%(here)s/no-interpreter",
  "bad-interpreter": "command=%(here)s/bad-interpreter",
  "no-name": "command=%(here)s/no-name",
  "too-long": `command=true ${"x".repeat(140_000)}`,
  relative: "command=bin/droverd.js\ndirectory=%(here)s", // found in one folder and run in another
  "no-cwd": "command=sleep 1000\ndirectory=/nonexistent/folder",
  "file-as-cwd": "command=sleep 1000\ndirectory=%(here)s/plain",
  "log-in-folder": "command=sleep 1000\nstdout_logfile=%(here)s/shut",
};

/** The same and more for a child of another user. */
const ofNobody: Readonly<Record<string, string>> = {
  closed: "command=%(here)s/closed",
  "closed-by-word": 'command=closed\nenvironment=PATH="%(here)s"',
  "behind-shut-folder": "command=%(here)s/shut/good",
  "shut-cwd": "command=%(here)s/good\ndirectory=%(here)s/shut",
  "shut-on-the-way": "command=%(here)s/good\ndirectory=%(here)s/shut/inside",
};

const program = ([name, options]: readonly [string, string]): string => `
[program:${name}]
startretries=0
startsecs=5
stderr_logfile=%(here)s/${name}.err
${options}
`;

/** What a daemon makes of programs that all end as FATAL. */
async function outcome(
  name: DaemonName,
  given: Readonly<Record<string, string>>,
  how: { env: Readonly<Record<string, string>>; through?: readonly string[]; uid?: number },
) {
  const { uid, ...more } = how;
  const text = Object.entries(given).map(program).join("");
  const daemon = await watch(name, text, { ...more, dir: faulty(uid) });
  const normal = (text: string) => text.replaceAll(daemon.dir, "DIR");
  const lines = () => daemon.log().split("\n");
  const saidOf = (program: string) =>
    lines()
      .map((line) => line.replace(/^\S+ \S+ /, ""))
      .filter((line) => !line.startsWith("DEBG"))
      .filter((line) => new RegExp(` '?${program}'? `).test(line));
  const running = () =>
    Object.keys(given).filter((program) => !daemon.log().includes(`gave up: ${program} `));
  await eventually("all are given up", () => running().length === 0).catch((error) => {
    throw new Error(`not given up by ${name}: ${running()}\n${daemon.log()}`, { cause: error });
  });
  const { stdout } = await supervisorctl(daemon.config, "status");
  const status = (program: string) =>
    stdout.split("\n").find((line) => line.startsWith(`${program} `)) ?? "";
  const programs = Object.keys(given).map((program) => [
    program,
    {
      status: normal(status(program)).replace(/ +/g, " "),
      log: saidOf(program).map((line) => line.replace(/ with pid \d+$/, " with pid N")),
      stderr: normal(daemon.file(`${program}.err`)),
    },
  ]);
  const spawnerrs = lines().flatMap((line) => /spawnerr: .*/.exec(normal(line)) ?? []);
  return { ...Object.fromEntries(programs), spawnerrs: spawnerrs.sort() };
}

describe.each(ways)("a program that cannot be started %s", LONG, (_, env) => {
  test.runIf(available("supervisord"))("fails as with supervisord", async () => {
    const ours = await outcome("droverd", faults, { env });
    expect(ours).toEqual(await outcome("supervisord", faults, { env }));
  });

  test("leaves the others alone", async () => {
    const healthy =
      "[program:well]\ncommand=sleep 1000\nprocess_name=%(process_num)02d\nnumprocs=50\nstartsecs=0\n";
    const text = Object.entries(faults).map(program).join("") + healthy;
    const daemon = await startDaemon(text, "", { env, dir: faulty() });
    const states = async () =>
      (await daemon.all()).map(({ group, statename, pid }) => ({ group, statename, pid }));
    const well = async () => (await states()).filter(({ group }) => group === "well");
    await eventually("all are up", async () =>
      (await well()).every(({ statename }) => statename === "RUNNING"),
    );
    const before = await well();
    await eventually("the others are given up", async () =>
      (await states()).every(({ group, statename }) => group === "well" || statename === "FATAL"),
    );
    expect(await well()).toEqual(before);
    expect(before).toHaveLength(50);
    expect(daemon.log()).not.toContain("unexpected error");
  });

  test.runIf(isRoot && available("supervisord"))(
    "fails as with supervisord when it is another user's",
    async () => {
      const all = Object.fromEntries(
        Object.entries({ ...faults, ...ofNobody }).map(([name, options]) => [
          name,
          `${options}\nuser=nobody`,
        ]),
      );
      const ours = await outcome("droverd", all, { env });
      expect(ours).toEqual(await outcome("supervisord", all, { env }));
    },
  );

  test.runIf(isRoot && available("supervisord"))(
    "fails as with supervisord when the daemon may not run it",
    async () => {
      const how = { env, through: asUser(NOBODY), uid: NOBODY };
      const all = { ...faults, ...ofNobody, root: "command=true\nuser=root" };
      const ours = await outcome("droverd", all, how);
      expect(ours).toEqual(await outcome("supervisord", all, how));
    },
  );
});
