import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError, formatProblem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const file = "/srv/app/c.conf";
const facts = { ...machine, env: { ...machine.env, SHARE: "25", TOKEN: "hunter2" } };

const load = (...lines: string[]) => {
  const body = ["[supervisord]", "[program:a]", "command=/bin/x", ...lines, ""].join("\n");
  return loadConfig(file, inMemory({ [file]: body }), facts);
};

function only(...lines: string[]) {
  const [process] = load(...lines).groups.flatMap((group) => group.processes);
  if (!process) throw new Error("no process");
  return process;
}

/** What is wrong, each as `[section] option: message`. */
function errors(...lines: string[]): string[] {
  try {
    load(...lines);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .filter(({ severity }) => severity === "error")
      .map((problem) => formatProblem(problem).replace(/^\S+ /, ""));
  }
}

test.each<[string, string, unknown]>([
  ["startretries", "unlimited", Infinity],
  ["backoff", "Exponential", "exponential"],
  ["backoff_min", "500ms", 500],
  ["backoff_max", "2m", 120_000],
  ["backoff_jitter", "25%", 0.25],
  ["backoff_reset_after", "1m", 60_000],
  ["restart_delay", "1500ms", 1_500],
  ["restart_limit", "5/10m", { count: 5, windowMs: 600_000 }],
  ["max_lifetime", "1h±10%", { ms: 3_600_000, jitter: 0.1 }],
  ["memory_limit", "256MB", 268_435_456],
  ["memory_measure", "pss", "pss"],
  ["recycle_at_once", "3", 3],
  ["stopsequence", "TERM:60 KILL", [{ signal: "SIGTERM", waitMs: 60_000 }]],
  ["stopcommand", "/usr/bin/ctl stop %(program_name)s", "/usr/bin/ctl stop a"],
  ["stoptree", "true", true],
  ["reloadsignal", "HUP", "SIGHUP"],
  ["rlimit_nofile", "1024:4096", "1024:4096"],
  ["rlimit_core", "unlimited", "unlimited"],
  ["nice", "-5", -5],
  ["oom_score_adj", "500", 500],
  ["no_new_privileges", "yes", true],
  ["stdin", "null", "null"],
])("%s=%s is read", (option, text, value) => {
  expect(only(`${option}=${text}`)).toMatchObject({ [option]: value });
});

test("a stop command may be another one for each copy", () => {
  const { groups } = load(
    "numprocs=2",
    "process_name=a%(process_num)d",
    "stopcommand=ctl stop %(process_num)d",
  );
  const commands = groups.flatMap(({ processes }) => processes.map((one) => one.stopcommand));
  expect(commands).toEqual(["ctl stop 0", "ctl stop 1"]);
});

describe("a percent sign", () => {
  test.each<[string, number]>([
    ["25%", 0.25],
    ["25 %", 0.25],
    ["25%%", 0.25],
    ["%(ENV_SHARE)s%", 0.25],
    ["%(ENV_SHARE)s%%", 0.25],
  ])("of a number need not be doubled: backoff_jitter=%s", (text, value) => {
    expect(only(`backoff_jitter=${text}`).backoff_jitter).toBe(value);
  });

  test.each([["1h±25%"], ["1h ± 25%%"], ["1h+-%(ENV_SHARE)s%"]])(
    "of a number need not be doubled: max_lifetime=%s",
    (text) => {
      expect(only(`max_lifetime=${text}`).max_lifetime).toEqual({ ms: 3_600_000, jitter: 0.25 });
    },
  );

  test("is one where nothing is expanded", () => {
    expect(only("expand=no", "backoff_jitter=25%").backoff_jitter).toBe(0.25);
  });

  test("is doubled everywhere else", () => {
    expect(errors("priority=25%")[0]).toMatch(/^\[program:a\] priority: % at character 3 /);
  });
});

test("a value that came out of a variable is not shown, also where there are limits to it", () => {
  const shown = ["nice", "oom_score_adj", "recycle_at_once", "backoff_min", "memory_limit"].map(
    (option) => errors(`${option}=%(ENV_TOKEN)s`).join(),
  );
  for (const message of shown) {
    expect(message).toContain('got what "%(ENV_TOKEN)s" expands to');
    expect(message).not.toContain("hunter2");
  }
});

describe("options that contradict each other", () => {
  test.each<[string[], string]>([
    [
      ["backoff_min=5s", "backoff_max=2500ms"],
      "[program:a] backoff_max: expected at least backoff_min, which is 5s, got 2500ms",
    ],
    [
      ["backoff_max=500ms"],
      "[program:a] backoff_max: expected at least backoff_min, which is 1s, got 500ms",
    ],
    [
      ["backoff=exponential", "backoff_min=2m", "backoff_max=1m"],
      "[program:a] backoff_max: expected at least backoff_min, which is 2m, got 1m",
    ],
    [
      ["[eventlistener:l]", "command=/bin/l", "events=TICK_5", "stdin=null"],
      "[eventlistener:l] stdin: cannot be null: it is where a listener reads events",
    ],
  ])("%j", (lines, error) => {
    expect(errors(...lines)).toEqual([error]);
  });

  test.each<[string[]]>([
    [["backoff_min=5s", "backoff_max=5s"]],
    [["backoff=exponential", "backoff_min=2m"]],
    [["stopsignal=INT", "stopwaitsecs=5", "stopsequence=TERM:60 KILL"]],
    [["stopsignal=INT", "stopcommand=ctl stop", "stopsequence=TERM:60"]],
    [["startretries=unlimited", "restart_limit=5/10m"]],
    [["stoptree=true", "stopasgroup=true"]],
    [["stdin=null"]],
  ])("%j go together", (lines) => {
    expect(errors(...lines)).toEqual([]);
  });
});
