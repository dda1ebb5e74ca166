import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { rlimits } from "../../src/config/options/resources.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const load = (body: string) =>
  loadConfig("/srv/app/c.conf", inMemory({ "/srv/app/c.conf": `[supervisord]\n${body}` }), machine);

/** Groups as `name(priority): process, process`, in their order of starting. */
const fleet = (body: string): string[] =>
  load(body).groups.map(
    ({ name, priority, processes }) =>
      `${name}(${priority}): ${processes.map((process) => process.name).join(", ")}`,
  );

function only(body: string) {
  const processes = load(body).groups.flatMap((group) => group.processes);
  const [process] = processes;
  if (!process || processes.length > 1) throw new Error(`${processes.length} processes`);
  return process;
}

/** Line and option of every error. */
function errors(body: string): [number, string | undefined][] {
  try {
    load(body);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .filter(({ severity }) => severity === "error")
      .map(({ line, option }) => [line, option]);
  }
}

const program = (name: string, ...lines: string[]): string =>
  [`[program:${name}]`, "command=/bin/x", ...lines, ""].join("\n");

describe("groups", () => {
  test("a program is a group of its own", () => {
    expect(fleet(program("web"))).toEqual(["web(999): web"]);
    expect(only(program("web"))).toMatchObject({ name: "web", group: "web" });
  });

  test("groups start by priority, then by name", () => {
    const body = program("b") + program("z", "priority=1") + program("a");
    expect(fleet(body)).toEqual(["z(1): z", "a(999): a", "b(999): b"]);
  });

  test("a group's members start in the order of programs=, and are no groups of their own", () => {
    const body = `${program("a", "priority=1")}${program("b")}[group:g]\nprograms=b, a\npriority=5\n`;
    expect(fleet(body)).toEqual(["g(5): b, a"]);
    expect(load(body).groups[0]?.processes.map(({ group }) => group)).toEqual(["g", "g"]);
  });

  test("the copies of a program are sorted by name as text", () => {
    const body = program("w", "numprocs=11", "process_name=w_%(process_num)d");
    expect(fleet(body)).toEqual(["w(999): w_0, w_1, w_10, w_2, w_3, w_4, w_5, w_6, w_7, w_8, w_9"]);
  });

  test("a program in two groups runs in both", () => {
    const body = `${program("a")}[group:g]\nprograms=a\n[group:h]\nprograms=a\n`;
    expect(fleet(body)).toEqual(["g(999): a", "h(999): a"]);
  });

  test("a group without programs is empty", () => {
    expect(fleet("[group:g]\n")).toEqual(["g(999): "]);
  });

  test("of two groups with one name the first in the order of starting is there, at its place", () => {
    const body =
      `${program("a")}${program("m", "priority=500")}${program("x")}` +
      "[group:a]\nprograms=x\npriority=1\n";
    expect(fleet(body)).toEqual(["a(1): x", "m(500): m"]);
  });

  test("of two processes with one name in a group the last is there", () => {
    const body =
      `${program("a", "process_name=p", "startsecs=1")}${program("b", "process_name=p", "startsecs=2")}` +
      "[group:g]\nprograms=a,b\n";
    expect(only(body)).toMatchObject({ name: "p", startsecs: 2 });
  });

  test("a program that a group names twice runs once", () => {
    expect(fleet(`${program("a")}[group:g]\nprograms=a,a\n`)).toEqual(["g(999): a"]);
  });

  test("a group that names no program is refused, and the near one is suggested", () => {
    const body = `${program("mailer")}[group:g]\nprograms=mailr\n`;
    expect(errors(body)).toEqual([[5, "programs"]]);
    expect(() => load(body)).toThrow('did you mean "mailer"?');
  });
});

describe("copies", () => {
  test("process_num counts from numprocs_start", () => {
    const body = program("w", "numprocs=2", "numprocs_start=8", "process_name=w%(process_num)02d");
    expect(fleet(body)).toEqual(["w(999): w08, w09"]);
  });

  test.each([["0"], ["-1"]])("numprocs=%s is none", (numprocs) => {
    expect(fleet(program("w", `numprocs=${numprocs}`))).toEqual(["w(999): "]);
  });

  test("more than one need %(process_num) in their name", () => {
    expect(errors(program("w", "numprocs=2"))).toEqual([[4, "numprocs"]]);
    expect(errors(program("w", "numprocs=2", "process_name=%(program_name)s"))).toEqual([
      [5, "process_name"],
    ]);
  });

  test("a mistake in every copy is told once", () => {
    const name = "process_name=w%(process_num)d";
    expect(errors(program("w", "numprocs=3", name, "stdout_logfile=/nowhere/x"))).toEqual([
      [6, "stdout_logfile"],
    ]);
  });
});

test("a mistake in environment= is told once", () => {
  expect(errors(program("a", "environment=A"))).toEqual([[4, "environment"]]);
});

describe("names in values", () => {
  test("options of a process know where and who it is", () => {
    const names =
      "%(here)s %(program_name)s %(group_name)s %(host_node_name)s %(process_num)d/%(numprocs)d";
    const body = `[program:a]\ncommand=${names} %(ENV_HOME)s\n[group:g]\nprograms=a\n`;
    expect(only(body).command).toBe("/srv/app a g node-7 0/1 /home/web");
  });

  test("each copy has its own log_prefix, unless it is set to nothing", () => {
    const prefixes = (...lines: string[]) => {
      const body = `[program-default]\nlog_prefix=all\n${program("a", ...lines)}`;
      const processes = load(body).groups.flatMap((group) => group.processes);
      return processes.map(({ log_prefix }) => log_prefix);
    };
    const copies = ["numprocs=2", "process_name=%(process_num)d"];
    const own = "log_prefix=[%(program_name)s_%(process_num)d]";
    expect(prefixes(own, ...copies)).toEqual(["[a_0] ", "[a_1] "]);
    expect(prefixes()).toEqual(["all "]);
    expect(prefixes("log_prefix=")).toEqual([""]);
  });

  test("options of the whole program know no process_num", () => {
    expect(errors(program("a", "startsecs=%(process_num)d"))).toEqual([[4, "startsecs"]]);
    expect(errors(program("a", "serverurl=%(program_name)s%(group_name)s"))).toEqual([]);
  });

  test("a program's own environment is known as ENV_ in its other options", () => {
    const body = program(
      "a",
      'environment=PORT="80%(process_num)d"',
      "directory=/srv/%(ENV_PORT)s",
    );
    expect(only(body)).toMatchObject({ environment: { PORT: "800" }, directory: "/srv/800" });
  });

  test("but not in itself", () => {
    const [first] = errors(program("a", "environment=A=1,B=%(ENV_A)s"));
    expect(first).toEqual([4, "environment"]);
  });

  test("the environment of [supervisord] is known as ENV_ in every program", () => {
    const body = `environment=DIR=/data\n${program("a", "directory=%(ENV_DIR)s/a")}`;
    expect(only(body).directory).toBe("/data/a");
  });
});

describe("refused", () => {
  test.each<[string, [number, string | undefined][]]>([
    ["[program:a]\n", [[2, "command"]]],
    ["[program:a b]\ncommand=x\n", [[2, undefined]]],
    ["[program:a/b]\ncommand=x\n", [[2, undefined]]],
    ["[program:]\ncommand=x\n", [[2, undefined]]],
    ["[group:a:b]\n", [[2, undefined]]],
    [program("a", "process_name=b c"), [[4, "process_name"]]],
    [program("a", "stopasgroup=true", "killasgroup=false"), [[5, "killasgroup"]]],
    [
      program("a", "startsecs=soon", "stopsignal=FOO"),
      [
        [4, "startsecs"],
        [5, "stopsignal"],
      ],
    ],
    [program("a", "user=nobody-here"), [[4, "user"]]],
  ])("%j", (body, expected) => {
    expect(errors(body)).toEqual(expected);
  });
});

test.each<[string[], boolean]>([
  [[], false],
  [["stopasgroup=true"], true],
  [["killasgroup=true"], true],
  [["stopasgroup=false", "killasgroup=true"], true],
])("%j: killasgroup is that of stopasgroup unless it is set: %s", (lines, expected) => {
  expect(only(program("a", ...lines)).killasgroup).toBe(expected);
});

test("a program that sets nothing is run as supervisord runs it", () => {
  const { section, ...values } = only(program("a"));
  expect(section.name).toBe("program:a");
  expect(values).toEqual({
    name: "a",
    group: "a",
    command: "/bin/x",
    kind: "program",
    socket: undefined,
    depends_on: [],
    depends_restart: false,
    job_time: undefined,
    ready: { by: "startsecs" },
    ready_timeout: 60_000,
    healthcheck: undefined,
    healthcheck_interval: 10_000,
    healthcheck_timeout: 5_000,
    healthcheck_failures: 3,
    healthcheck_successes: 1,
    healthcheck_start: 0,
    heartbeat_timeout: undefined,
    output_timeout: undefined,
    unhealthy_action: "restart",
    unhealthy_signal: undefined,
    unhealthy_wait: 5_000,
    quietsignal: undefined,
    quiet_ready: undefined,
    quiet_timeout: 60_000,
    scale_min: 0,
    rollout_parallel: 1,
    rollout_settle: 1_000,
    rollout_max_unavailable: undefined,
    rollout_surge: 0,
    watch: [],
    watch_action: { act: "restart" },
    watch_debounce: 500,
    watch_ignore: [".git", ".hg", ".svn", "node_modules", "*.log", "*.swp", "*~"],
    environment_file: "",
    log_prefix: "",
    log_timestamps: "off",
    log_format: "text",
    log_marks: false,
    log_full: "drop",
    log_compress: "none",
    numprocs: 1,
    numprocs_start: 0,
    priority: 999,
    autostart: true,
    startsecs: 1,
    startretries: 3,
    autorestart: "unexpected",
    exitcodes: [0],
    stopsignal: "SIGTERM",
    stopwaitsecs: 10,
    stopasgroup: false,
    killasgroup: false,
    stopsequence: undefined,
    stopcommand: undefined,
    stoptree: false,
    reloadsignal: undefined,
    backoff: "linear",
    backoff_min: 1_000,
    backoff_max: undefined,
    backoff_jitter: 0,
    backoff_reset_after: undefined,
    restart_delay: 0,
    restart_limit: undefined,
    max_lifetime: undefined,
    memory_limit: undefined,
    memory_measure: "rss",
    recycle_at_once: 1,
    user: undefined,
    umask: undefined,
    ...Object.fromEntries(Object.keys(rlimits).map((limit) => [`rlimit_${limit}`, undefined])),
    nice: undefined,
    oom_score_adj: undefined,
    no_new_privileges: false,
    stdin: "pipe",
    directory: undefined,
    environment: {},
    redirect_stderr: false,
    serverurl: undefined,
    stdout_logfile: { to: "auto" },
    stdout_logfile_maxbytes: 52_428_800,
    stdout_logfile_backups: 10,
    stdout_capture_maxbytes: 0,
    stdout_events_enabled: false,
    stdout_syslog: false,
    stderr_logfile: { to: "auto" },
    stderr_logfile_maxbytes: 52_428_800,
    stderr_logfile_backups: 10,
    stderr_capture_maxbytes: 0,
    stderr_events_enabled: false,
    stderr_syslog: false,
  });
});
