import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { configText, eventually, startDaemon } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";
import { call } from "../support/pythoncalls.ts";

const sleeper = (name: string, more = "") => `
[program:${name}]
command=sleep 1000
startsecs=0
${more}`;

const before = `${sleeper("stays", "stdout_logfile=NONE\nexitcodes=0,2\nstopsignal=USR1\npriority=3")}
${sleeper("changes")}
${sleeper("goes")}
${sleeper("down", "autostart=false")}
${sleeper("left", "priority=2")}
${sleeper("right", "priority=1\ndirectory=/tmp\nstartretries=7\nstdout_logfile_maxbytes=1MB")}
[group:pair]
programs=left,right
priority=5
[program:missing]
command=/nonexistent/program
autostart=false
[program:quitter]
command=sh -c 'exit 3'
startretries=0
autostart=false
`;

const after = `${before
  .replace(sleeper("goes"), "")
  .replace(sleeper("changes"), sleeper("changes", "stopwaitsecs=3"))}
${sleeper("comes")}
${sleeper("later", "autostart=false\nnumprocs=2\nprocess_name=n%(process_num)d")}
`;

type Call = [method: string, ...params: unknown[]];

/** Calls on a fleet that has just been started, one after the other. */
const first: readonly Call[] = [
  ["getAPIVersion"],
  ["getVersion"],
  ["getIdentification"],
  ["getState"],
  ["getProcessInfo", "stays"],
  ["getProcessInfo", "pair:left"],
  ["getProcessInfo", "pair:*"],
  ["getProcessInfo", "nosuch"],
  ["getAllProcessInfo"],
  ["getAllConfigInfo"],
  ["startProcess", "stays"],
  ["startProcess", "nosuch"],
  ["startProcess", "missing"],
  ["startProcess", "quitter"],
  ["startProcess", "down"],
  ["stopProcess", "down"],
  ["stopProcess", "down"],
  ["stopProcess", "nosuch"],
  ["startProcess", "down", false],
  ["stopProcess", "down", true],
  ["startProcessGroup", "nosuch"],
  ["startProcessGroup", "pair"],
  ["stopProcessGroup", "nosuch"],
  ["signalProcess", "stays", "WINCH"],
  ["signalProcess", "stays", "sigwinch"],
  ["signalProcess", "stays", 28],
  ["signalProcess", "stays", "28"],
  ["signalProcess", "stays", "NONSENSE"],
  ["signalProcess", "down", "NONSENSE"],
  ["signalProcess", "stays", 999],
  ["signalProcess", "down", "WINCH"],
  ["signalProcess", "nosuch", "WINCH"],
  ["signalProcess", "pair:*", "WINCH"],
  ["signalProcess", "pair:*", "NONSENSE"],
  ["signalProcessGroup", "pair", "WINCH"],
  ["signalProcessGroup", "nosuch", "WINCH"],
  ["signalProcess", "stays"],
  ["readLog", 0, -1],
  ["readLog", -5, 5],
  ["readProcessStdoutLog", "changes", 0, 0],
  ["readProcessStdoutLog", "stays", 0, 0],
  ["readProcessStderrLog", "nosuch", 0, 0],
  ["readProcessLog", "changes", "0", "0"],
  ["tailProcessStdoutLog", "changes", 0, 10],
  ["tailProcessStderrLog", "nosuch", 0, 10],
  ["tailProcessLog", "stays", 7, 10],
  ["clearProcessLogs", "changes"],
  ["clearProcessLog", "nosuch"],
  ["clearProcessLogs", "pair:*"],
  ["sendProcessStdin", "stays", "hello\n"],
  ["sendProcessStdin", "down", "hello\n"],
  ["sendProcessStdin", "nosuch", "hello\n"],
  ["sendProcessStdin", "stays", 5],
  ["reloadConfig"],
  ["addProcessGroup", "stays"],
  ["addProcessGroup", "nosuch"],
  ["removeProcessGroup", "nosuch"],
  ["removeProcessGroup", "stays"],
  ["system.multicall", []],
  [
    "system.multicall",
    [
      { methodName: "supervisor.getState", params: [] },
      { methodName: "supervisor.getState" },
      { methodName: "supervisor.stopProcess", params: ["down"] },
      { methodName: "supervisor.startProcess", params: ["down"] },
      { methodName: "supervisor.nosuch", params: [] },
      { methodName: "system.multicall", params: [] },
      { params: [] },
      { methodName: "supervisor.getProcessInfo", params: ["down"] },
      { methodName: "supervisor.stopProcess", params: ["down"] },
    ],
  ],
  ["system.methodSignature", "supervisor.startProcess"],
  ["system.methodSignature", "supervisor.signalProcess"],
  ["system.methodSignature", "nosuch"],
  ["system.methodHelp", "nosuch"],
  ["getState", 1],
  ["nosuchMethod"],
  ["_update"],
];

/** What is there now is `after`. */
const second: readonly Call[] = [
  ["addProcessGroup", "comes"],
  ["reloadConfig"],
  ["reloadConfig"],
  ["getAllConfigInfo"],
  ["addProcessGroup", "comes"],
  ["addProcessGroup", "comes"],
  ["addProcessGroup", "later"],
  ["getProcessInfo", "later:n1"],
  ["startProcess", "later:*"],
  ["removeProcessGroup", "later"],
  ["stopProcessGroup", "later"],
  ["removeProcessGroup", "later"],
  ["getProcessInfo", "later:n1"],
  ["addProcessGroup", "later"],
  ["stopProcess", "goes"],
  ["removeProcessGroup", "goes"],
  ["addProcessGroup", "goes"],
  ["stopProcess", "changes"],
  ["removeProcessGroup", "changes"],
  ["addProcessGroup", "changes"],
  ["reloadConfig"],
];

const broken: readonly Call[] = [["reloadConfig"], ["getAllConfigInfo"], ["startProcess", "stays"]];

/** Asked again and again until it is so: what the calls before have set going. */
const settled: readonly Call[] = [["getAllProcessInfo"]];

/** Of all kinds, as they come. */
const last: readonly Call[] = [
  ["stopAllProcesses"],
  ["startAllProcesses"],
  ["signalAllProcesses", "WINCH"],
  ["clearAllProcessLogs"],
];

/** Times, pids and folders; the statuses of several come in the order in which they are done. */
function normal(answer: unknown, dir: string): unknown {
  const text = JSON.stringify(answer)
    .replaceAll(dir, "DIR")
    // What was expected is told by drover alone.
    .replaceAll(/"INCORRECT_PARAMETERS: [^"]*"/g, '"INCORRECT_PARAMETERS"')
    .replaceAll(/"(start|stop|now)": ?[1-9]\d*/g, '"$1":1')
    .replaceAll(/"pid":[1-9]\d*/g, '"pid":1')
    .replaceAll(/pid \d+, uptime [\d:]+/g, "pid N, uptime T")
    .replaceAll(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, "DATE")
    .replaceAll(/---supervisor-\w{8}\.log/g, "---supervisor-R.log");
  const value = JSON.parse(text) as unknown;
  const isList = Array.isArray(value) && value.every((one) => typeof one?.status === "number");
  return isList ? value.map((one) => JSON.stringify(one)).sort() : value;
}

const SOME = 12;

const pairs = (calls: readonly Call[], answers: readonly unknown[], dir: string) =>
  calls.map((each, at) => [each, normal(answers[at], dir)]);

describe.runIf(available("supervisord"))("beside the real supervisord", () => {
  test("every method answers the same, in success and in failure", async () => {
    const peer = await startSupervisord(before);
    const ours = await startDaemon(before);
    const servers = [peer, ours] as const;
    const both = async (all: readonly Call[]) => {
      // No client is kept for long: supervisord takes a second for many a call.
      for (let at = 0; at < all.length; at += SOME) {
        const calls = all.slice(at, at + SOME);
        const [theirs = [], mine = []] = await Promise.all(
          servers.map(async ({ dir }) => pairs(calls, await call(dir, calls), dir)),
        );
        expect(mine).toEqual(theirs);
      }
    };
    const write = (programs: string) => {
      for (const { config, dir } of servers) {
        const text = configText(programs);
        writeFileSync(config, dir === peer.dir ? text.replace(/^rundir=.*\n/m, "") : text);
      }
    };
    const running = (names: readonly string[]) =>
      eventually("they run", async () => {
        const answers = await Promise.all(
          servers.map(({ dir }) =>
            call(
              dir,
              names.map((name) => ["getProcessInfo", name]),
            ),
          ),
        );
        return answers
          .flat()
          .every((info) => (info as { statename?: string }).statename === "RUNNING");
      });

    await running(["stays", "changes", "goes", "pair:left", "pair:right"]);
    await both(first);
    write(after);
    await both(second);
    await running(["stays", "changes", "comes"]);
    await both(settled);
    write(`${after}\n[program:bad]\nautostart=maybe\n`);
    const wrong = await Promise.all(servers.map(({ dir }) => call(dir, broken)));
    const [theirs, mine] = wrong.map((answers, at) => [
      (answers[0] as unknown[])[0],
      ...answers.slice(1).map((answer) => normal(answer, servers[at]?.dir ?? "")),
    ]);
    expect(mine).toEqual(theirs);
    await both(last);
  }, 120_000);
});

test("a broken configuration is told with all that is wrong with it, and nothing changes", async () => {
  const daemon = await startDaemon(sleeper("a"));
  const [pid] = [(await daemon.state("a", "RUNNING")).pid];
  writeFileSync(daemon.config, configText(`${sleeper("b")}\n[program:c]\nautostart=maybe\n`));
  const [code, message] = (await call(daemon.dir, [["reloadConfig"]]))[0] as [number, string];
  expect(code).toBe(92);
  expect(message).toMatch(/^CANT_REREAD: .*autostart.*maybe/s);
  expect(message).toContain("command");
  expect(await call(daemon.dir, [["addProcessGroup", "b"]])).toEqual([[10, "BAD_NAME: b"]]);
  expect((await daemon.info("a")).pid).toBe(pid);
});

test("a group that is given up leaves nothing, and may come back with other logs", async () => {
  const daemon = await startDaemon(sleeper("a", "stdout_logfile=%(here)s/a.log"));
  const more = (log: string) =>
    writeFileSync(
      daemon.config,
      configText(
        `${sleeper("a", "stdout_logfile=%(here)s/a.log")}
[program:b]
command=sh -c 'seq 1 2000; exec sleep 1000'
startsecs=0
numprocs=2
process_name=b%%(process_num)d
stdout_logfile=%(here)s/${log}
stdout_logfile_maxbytes=${log.startsWith("one") ? "1MB" : "2MB"}
memory_limit=1GB
`.replace("%%(", "%("),
      ),
    );
  const swap = (name: string) => [
    ["stopProcessGroup", name],
    ["removeProcessGroup", name],
    ["reloadConfig"],
    ["addProcessGroup", name],
  ];
  more("one.log");
  await call(daemon.dir, [["reloadConfig"], ["addProcessGroup", "b"]]);
  await daemon.state("b:b1", "RUNNING");
  await eventually("its log", () => daemon.file("one.log").includes("2000\n"));
  more("two.log");
  await call(daemon.dir, swap("b"));
  await daemon.state("b:b0", "RUNNING");
  await eventually("its other log", () => daemon.file("two.log").includes("2000\n"));
  expect((await daemon.info("b:b0")).stdout_logfile).toBe(`${daemon.dir}/two.log`);
  expect(daemon.log()).not.toMatch(/ERRO|CRIT.*(?:bug|Error)/);
  expect(await daemon.stop()).toBe(0);
});

test("drover's own calls tell which lines decide, what logs have, and what there is to call", async () => {
  const daemon = await startDaemon(`
[program:a]
command=sh -c 'seq 1 5; echo oops >&2; exec sleep 1000'
environment=PASSWORD="secret"
startsecs=0
stdout_logfile=%(here)s/a.log
stderr_logfile=%(here)s/a.err
[program-default]
stopwaitsecs=4
`);
  const { client, config } = daemon;
  await eventually("its logs", () => daemon.file("a.err") !== "" && daemon.file("a.log") !== "");
  const options = await client.call("drover.getProcessConfig", { name: "a" });
  const find = (name: string) => options.find(({ option }) => option === name);
  const lines = readFileSync(config, "utf8").split("\n");
  const at = (text: string) => lines.findIndex((line) => line.startsWith(text)) + 1;
  expect(find("startsecs")).toEqual({
    ...{ option: "startsecs", text: "0", file: config },
    ...{ line: at("startsecs"), section: "program:a" },
  });
  expect(find("stopwaitsecs")).toMatchObject({
    ...{ text: "4", line: at("stopwaitsecs"), section: "program-default" },
  });
  expect(find("environment")).toMatchObject({ text: "***" });
  expect(find("priority")).toMatchObject({ text: "999", file: null, line: null });
  expect(find("user")).toMatchObject({ text: null, file: null });

  const read = (query: Record<string, string>) =>
    client.call("drover.readLogs", { names: ["a"], query });
  expect(await read({ lines: "2", stream: "stdout" })).toEqual([
    { name: "a", stream: "stdout", line: "4" },
    { name: "a", stream: "stdout", line: "5" },
  ]);
  expect(await read({ grep: "oo" })).toEqual([{ name: "a", stream: "stderr", line: "oops" }]);
  await expect(read({ follow: "yes" })).rejects.toThrow(/BAD_ARGUMENTS.*GET \/logs/);
  await expect(read({ nonsense: "1" })).rejects.toThrow(/BAD_ARGUMENTS: nonsense/);

  const document = await client.call("rpc.discover", {});
  expect(document).toMatchObject({ openrpc: "1.3.2", info: { title: "drover" } });
  expect(JSON.stringify(document)).toContain('"drover.getProcessConfig"');
  // Over XML-RPC too.
  const [signature, same] = await call(daemon.dir, [
    ["system.methodSignature", "drover.readLogs"],
    ["drover.getProcessConfig", "a"],
  ]);
  expect(signature).toEqual(["array", "array", "struct"]);
  expect(same).toEqual(options);
});
