import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError, formatProblem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";

function load(body: string, files: Readonly<Record<string, string>>) {
  const reader = inMemory({ [root]: `[supervisord]\n${body}`, ...files });
  return loadConfig(root, reader, machine);
}

function environmentOf(options: string, files: Readonly<Record<string, string>>) {
  const { groups } = load(`[program:a]\ncommand=x\n${options}`, files);
  return groups[0]?.processes[0]?.environment;
}

function errorsOf(act: () => unknown): string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

test("values come from files beside the configuration, later files and environment= win", () => {
  const files = {
    "/srv/app/a.env": "# base\nA=1\nexport B='two words' # note\nC=c\n",
    "/etc/b.env": 'B=b\nD="line\\nbreak"\n',
  };
  expect(environmentOf("environment_file=a.env, /etc/b.env\nenvironment=C=own", files)).toEqual({
    A: "1",
    B: "b",
    C: "own",
    D: "line\nbreak",
  });
});

test("nothing in a file is expanded, neither percent signs nor shell variables", () => {
  const files = { "/srv/app/a.env": "A=100%\nB=$(A) $A %(here)s\n" };
  expect(environmentOf("environment_file=a.env", files)).toEqual({
    A: "100%",
    B: "$(A) $A %(here)s",
  });
});

test("other options, and environment= itself, may use what a file sets", () => {
  const files = { "/srv/app/a.env": "HOST=db1\n" };
  const options = 'environment_file=a.env\nenvironment=URL="tcp://%(ENV_HOST)s"';
  expect(environmentOf(options, files)).toEqual({ HOST: "db1", URL: "tcp://db1" });
  const { groups } = load(
    "[program:a]\ncommand=x %(ENV_HOST)s\nenvironment_file=%(program_name)s.env",
    files,
  );
  expect(groups[0]?.processes[0]?.command).toBe("x db1");
});

test("in [supervisord] the values are for every program's expansions too", () => {
  const config = load(
    "environment_file=all.env\nenvironment=B=2\n[program:a]\ncommand=%(ENV_A)s%(ENV_B)s",
    { "/srv/app/all.env": "A=1\nB=1\n" },
  );
  expect(config.supervisord.environment).toEqual({ A: "1", B: "2" });
  expect(config.groups[0]?.processes[0]?.command).toBe("12");
});

test("a file that is missing is an error, unless a - before its name allows it", () => {
  expect(environmentOf("environment_file=-none.env", {})).toEqual({});
  expect(errorsOf(() => environmentOf("environment_file=none.env", {}))).toEqual([
    `${root}:4 [program:a] environment_file: /srv/app/none.env: there is no such file`,
  ]);
});

test("a file that is no environment is an error, with or without -", () => {
  const files = { "/srv/app/big.env": "x".repeat(2 ** 20 + 1) };
  expect(errorsOf(() => environmentOf("environment_file=-big.env", files))).toHaveLength(1);
});

test("a line that sets nothing is told once, however many processes read the file", () => {
  const files = { "/srv/app/a.env": "A=1\nnonsense\n\nB 2\n" };
  const options = "numprocs=3\nprocess_name=%(process_num)d\nenvironment_file=a.env";
  const { warnings } = load(`[program:a]\ncommand=x\n${options}`, files);
  expect(warnings.map(formatProblem)).toEqual([
    `${root}:6 [program:a] environment_file: /srv/app/a.env: lines 2, 4: expected KEY=value; ignored`,
  ]);
});
