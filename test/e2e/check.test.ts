import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { configText, droverd, type Finished, launch, run, tempDir } from "../support/daemon.ts";

const ask = (...argv: string[]): Promise<Finished> => run(process.execPath, [droverd, ...argv]);

function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
}

const fine = "[program:a]\ncommand=/bin/sleep 1000\nuser=root\n";
const hurts = `${fine}stdout_logfile=/dev/stdout\n`;
const wrong = `${fine}startsecs=soon\n`;

describe("droverd check", () => {
  test.each<[string, string, string[], number]>([
    ["what is fine", fine, [], 0],
    ["what is fine, strictly", fine, ["--strict"], 0],
    ["what will hurt", hurts, [], 0],
    ["what will hurt, strictly", hurts, ["--strict"], 1],
    ["what is wrong", wrong, [], 2],
    ["what is wrong, strictly", wrong, ["--strict"], 2],
  ])("%s", async (_, programs, flags, code) => {
    const dir = tempDir();
    write(dir, { "c.conf": configText(programs) });
    const checked = await ask("check", "-c", path.join(dir, "c.conf"), ...flags);
    expect(checked).toMatchObject({ code, stderr: "" });
  });

  test("says where, what, why and what to write; then how much there is", async () => {
    const dir = tempDir();
    write(dir, { "c.conf": configText(hurts) });
    const { stdout } = await ask("check", "-c", path.join(dir, "c.conf"));
    expect(stdout).toMatch(
      /^warning: \S+c\.conf:\d+ \[program:a\] stdout_logfile: .* \[rotating-stream\]\n {4}why: .*\n {4}write: stdout_logfile_maxbytes=0\n/m,
    );
    expect(stdout).toMatch(/c\.conf: 1 program, 1 process; 0 errors, 1 warning\n$/);
  });

  test("as JSON, with the same keys for every problem", async () => {
    const dir = tempDir();
    write(dir, { "c.conf": configText(`${hurts}startsec=1\n`) });
    const config = path.join(dir, "c.conf");
    const { stdout, code } = await ask("check", "--json", "-c", config);
    const report = JSON.parse(stdout);
    expect({ code, ...report }).toMatchObject({ code: 0, programs: 1, errors: 0, warnings: 2 });
    const keys = "severity rule file line section option message why instead".split(" ");
    for (const problem of report.problems) expect(Object.keys(problem)).toEqual(keys);
    expect(report.problems).toMatchObject([
      { rule: "rotating-stream", file: config, section: "program:a", option: "stdout_logfile" },
      { rule: null, option: "startsec", why: null },
    ]);
  });

  test("starts nothing, writes nothing", async () => {
    const dir = tempDir();
    write(dir, { "c.conf": configText(`[program:a]\ncommand=touch ${dir}/started\n`) });
    await ask("check", "-c", path.join(dir, "c.conf"));
    const { stdout } = await run("ls", ["-A", dir]);
    expect(stdout).toBe("c.conf\n");
  });

  test("never shows a password", async () => {
    const dir = tempDir();
    const server = "[inet_http_server]\nport=9001\nusername=u\npassword=hunter2\n";
    write(dir, { "c.conf": configText(`${server}${wrong}environment=KEY="hunter2`) });
    chmodSync(path.join(dir, "c.conf"), 0o644);
    const { stdout, stderr } = await ask("check", "-c", path.join(dir, "c.conf"));
    expect(stdout).toContain("environment: ");
    expect(stdout + stderr).not.toContain("hunter2");
  });
});

test("--echo-config prints a configuration that droverd checks and finds fine", async () => {
  const dir = tempDir();
  const { code, stdout } = await ask("--echo-config");
  expect(code).toBe(0);
  write(dir, { "sample.conf": stdout });
  const checked = await ask("check", "--strict", "-c", path.join(dir, "sample.conf"));
  expect(checked).toMatchObject({ code: 0, stderr: "" });
});

test("-c takes a folder, whose files are read in their order", async () => {
  const dir = tempDir();
  write(dir, {
    "etc/20-a.ini": "[program:a]\ncommand=sleep 1000\nstopwaitsecs=1\n",
    "etc/10-main.conf": configText("").replaceAll("%(here)s", dir),
    "etc/30-b.conf": "[program:b]\ncommand=sleep 1000\n[program:a]\nstopwaitsecs=2\n",
    "etc/note.txt": "no configuration",
  });
  const daemon = await launch(dir, path.join(dir, "etc"));
  await daemon.state("a", "RUNNING");
  await daemon.state("b", "RUNNING");
  expect((await daemon.ctl("status")).stdout).toMatch(/^a .*RUNNING.*\nb .*RUNNING/);
});

test("the command line wins over the file", async () => {
  const dir = tempDir();
  write(dir, { "c.conf": configText("[program:a]\ncommand=sleep 1000\n", "identifier=file") });
  const bad = await ask("-n", "-c", path.join(dir, "c.conf"), "-e", "loud", "-m", "99");
  expect(bad.code).toBe(2);
  expect(bad.stderr).toMatch(/command line \[supervisord\] loglevel: expected .*got "loud"/);
  expect(bad.stderr).toMatch(/command line \[supervisord\] umask: expected/);
});
