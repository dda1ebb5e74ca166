import path from "node:path";
import { expect, test } from "vitest";
import { root, run, startDaemon } from "../support/daemon.ts";

const programs = `
[program:worker]
command=cat
numprocs=2
process_name=w%(process_num)d
autostart=false
[program:cat]
command=cat
autostart=false
`;

test("bash completes commands, names, signals and flags as its user has them", async () => {
  const { config } = await startDaemon(programs);
  // As bash does when TAB is pressed, with its own rules of where words end.
  const script = `
    droverctl() { ${process.execPath} ${path.join(root, "bin/droverctl.js")} "$@"; }
    source <(droverctl completion bash)
    COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
    for COMP_LINE in "$@"; do
      COMP_POINT=\${#COMP_LINE}
      _droverctl
      echo "\${COMPREPLY[*]}"
    done`;
  const lines = [
    "droverctl st",
    `droverctl -c ${config} stop c`,
    `droverctl -c ${config} stop worker:`,
    `droverctl -c ${config} signal WIN`,
    `droverctl -c ${config} stop nosuch`,
    "droverctl -c /nonexistent.conf stop ",
  ];
  const { stdout, stderr } = await run("bash", ["-c", script, "bash", ...lines]);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual(["start status stop", "cat", "* w0 w1", "WINCH"]);
});

test("other shells have theirs, and what is no shell is told of", async () => {
  const droverctl = (...words: string[]) =>
    run(process.execPath, [path.join(root, "bin/droverctl.js"), ...words]);
  expect((await droverctl("completion", "zsh")).stdout).toMatch(/^#compdef droverctl\n/);
  expect((await droverctl("completion", "fish")).stdout).toContain("complete -c droverctl");
  expect(await droverctl("completion", "csh")).toEqual({
    code: 2,
    stdout: "",
    stderr: 'Error: expected droverctl completion bash|zsh|fish, got "csh"\n',
  });
});
