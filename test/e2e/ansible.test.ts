import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { run, startDaemon, tempDir } from "../support/daemon.ts";
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

/** Plays the tasks. @returns what became of each, without the paths in it */
async function play(dir: string, config: string): Promise<string[]> {
  const file = path.join(dir, "playbook.yml");
  writeFileSync(file, playbook(config));
  writeFileSync(config, readFileSync(config, "utf8") + added);
  const settings = [
    "ANSIBLE_STDOUT_CALLBACK=ansible.posix.json",
    `ANSIBLE_HOME=${dir}`,
    `ANSIBLE_LOCAL_TEMP=${dir}/local`,
    `ANSIBLE_REMOTE_TEMP=${dir}/remote`,
    "ANSIBLE_LOCALHOST_WARNING=false",
    "LC_ALL=C.UTF-8",
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
  const { plays } = JSON.parse(stdout.slice(start)) as Played;
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
