import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { droverctl, pidsOf, root, run, startDaemon, tempDir } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";

const before = `
[program:web]
command=sleep 1000
startsecs=0
autostart=false
[program:pool]
command=sleep 1000
startsecs=0
numprocs=2
process_name=%(program_name)s_%(process_num)d
`;
/** What is configured while the daemon runs. */
const added = `
[program:late]
command=sleep 1000
startsecs=0
`;

/** What is asked of the module, in this order. */
const tasks = [
  { name: "late", state: "present" },
  { name: "late", state: "present" },
  { name: "late", state: "stopped" },
  { name: "late", state: "absent" },
  { name: "web", state: "started" },
  { name: "web", state: "started" },
  { name: "web", state: "signalled", signal: "WINCH" },
  { name: "web", state: "restarted" },
  { name: "pool:", state: "stopped" },
  { name: "pool:", state: "started" },
  { name: "pool:pool_1", state: "stopped" },
  { name: "web", state: "stopped" },
  { name: "web", state: "stopped" },
  { name: "nosuch", state: "started" },
];

const playbook = (config: string): string =>
  JSON.stringify([
    {
      hosts: "localhost",
      connection: "local",
      gather_facts: false,
      tasks: tasks.map((options) => ({
        "community.general.supervisorctl": { ...options, config },
        ignore_errors: true,
      })),
    },
  ]);

interface Played {
  plays: {
    tasks: { hosts: { localhost: { changed: boolean; msg?: string; failed?: boolean } } }[];
  }[];
}

/** @param more variables of the environment, as `NAME=value` */
async function playFile(dir: string, file: string, more: readonly string[] = []): Promise<Played> {
  const settings = [
    "ANSIBLE_STDOUT_CALLBACK=ansible.posix.json",
    `ANSIBLE_HOME=${dir}`,
    `ANSIBLE_LOCAL_TEMP=${dir}/local`,
    `ANSIBLE_REMOTE_TEMP=${dir}/remote`,
    "ANSIBLE_LOCALHOST_WARNING=false",
    "LC_ALL=C.UTF-8",
    ...more,
  ];
  const words = ["-i", "localhost,", "-e", "ansible_python_interpreter=/usr/bin/python3", file];
  const { stdout, stderr } = await run(
    "env",
    [...settings, "ansible-playbook", ...words],
    "",
    150_000,
  );
  const start = stdout.indexOf("{");
  expect(start, stdout + stderr).toBeGreaterThanOrEqual(0);
  return JSON.parse(stdout.slice(start)) as Played;
}

/** Plays the tasks. @returns what became of each, without the paths in it */
async function play(dir: string, config: string): Promise<string[]> {
  const file = path.join(dir, "playbook.yml");
  writeFileSync(file, playbook(config));
  writeFileSync(config, readFileSync(config, "utf8") + added);
  const { plays } = await playFile(dir, file);
  return (plays[0]?.tasks ?? []).map(({ hosts: { localhost } }, at) => {
    const { changed, failed = false, msg = "" } = localhost;
    const asked = `${tasks[at]?.name} ${tasks[at]?.state}`;
    return [asked, changed && "changed", failed && "failed", msg.replaceAll(dir, "DIR")]
      .filter(Boolean)
      .join(", ");
  });
}

test.runIf(available("ansible-playbook") && available("supervisord"))(
  "Ansible's module for supervisord does with droverd what it does there",
  async () => {
    const dirs = [tempDir(), tempDir()] as const;
    const daemon = await startDaemon(before, "", { dir: dirs[0] });
    const peer = await startSupervisord(before, dirs[1]);
    const [ours, theirs] = await Promise.all([
      play(daemon.dir, daemon.config),
      play(peer.dir, peer.config),
    ]);
    expect(ours).toEqual(theirs);
    expect(ours.filter((line) => line.includes("failed"))).toHaveLength(1);
    expect(ours.filter((line) => !line.includes("changed"))).toEqual([
      "late present",
      "web started",
      "web stopped",
      expect.stringContaining("nosuch started, failed"),
    ]);
  },
  180_000,
);

/** The task of README.md, as it is written there. */
function deployTask(): string {
  const page = readFileSync(path.join(root, "README.md"), "utf8");
  const [, task] = /```yaml\n(- name: Replace the workers\n.*?)```/s.exec(page) ?? [];
  if (task === undefined) throw new Error("README.md has no task for Ansible");
  return task;
}

test.runIf(available("ansible-playbook"))(
  "the task of README.md replaces the workers, and fails when they do not come up",
  async () => {
    const dir = tempDir();
    const script = path.join(dir, "worker.sh");
    writeFileSync(script, "exec sleep 1000\n");
    const daemon = await startDaemon(
      `[program:worker]\ncommand=sh ${script}\nprocess_name=%(program_name)s_%(process_num)d\n` +
        "numprocs=2\nstartsecs=0\nautorestart=false\nrollout_settle=200ms\n",
      "",
      { dir },
    );
    const words = [process.execPath, droverctl, "-c", daemon.config].join(" ");
    writeFileSync(path.join(dir, "droverctl"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    const file = path.join(dir, "deploy.yml");
    const head = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n";
    writeFileSync(file, head + deployTask().replace(/^(?=.)/gm, "    "));
    const deploy = async () => {
      const { plays } = await playFile(dir, file, [`PATH=${dir}:${process.env.PATH}`]);
      return plays[0]?.tasks[0]?.hosts.localhost;
    };
    const before = await pidsOf(daemon);
    expect(await deploy()).toMatchObject({ changed: true, rc: 0 });
    const after = await pidsOf(daemon);
    for (const [name, pid] of Object.entries(before)) expect(after[name], name).not.toBe(pid);
    writeFileSync(script, "exit 3\n");
    const failed = await deploy();
    expect(failed).toMatchObject({ failed: true, rc: 1 });
    expect(JSON.stringify(failed)).toContain("rollout failed, 0 of 2 replaced");
  },
  180_000,
);
