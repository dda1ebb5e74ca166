import { describe, expect, test } from "vitest";
import { loadConfig, type Overrides } from "../../src/config/load.ts";
import { ConfigError, formatProblem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";

const load = (body: string, overrides: Overrides = {}) =>
  loadConfig(root, inMemory({ [root]: `[supervisord]\n${body}` }), machine, { overrides });

/** What is said of a configuration, errors and warnings, without the file's name. */
function said(body: string, overrides?: Overrides): string[] {
  const formatted = (problems: readonly Parameters<typeof formatProblem>[0][]) =>
    problems.map((problem) => formatProblem(problem).replace(`${root}:`, ""));
  try {
    return formatted(load(body, overrides).warnings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return formatted(error.problems);
  }
}

describe("[inet_http_server]", () => {
  const server = (port: string, more = "") => `[inet_http_server]\nport=${port}\n${more}`;
  const login = "username=u\npassword=p";

  test.each<[string, string, number]>([
    ["127.0.0.1:9001", "127.0.0.1", 9001],
    ["localhost:9001", "localhost", 9001],
    ["LocalHost:1", "localhost", 1],
  ])("%s needs no password: only this machine can connect", (port, host, number) => {
    expect(load(server(port)).servers).toMatchObject([{ kind: "inet", host, port: number }]);
  });

  test.each(["9001", ":9001", "*:9001", "0.0.0.0:9001", "10.0.0.1:9001"])(
    "%s needs a password, or allow_anonymous",
    (port) => {
      expect(said(server(port))).toEqual([
        expect.stringMatching(/^3 \[inet_http_server\] port: other machines may connect/),
      ]);
      expect(load(server(port, login)).servers).toHaveLength(1);
      expect(load(server(port, "allow_anonymous=yes")).servers).toHaveLength(1);
    },
  );

  test.each(["", "x", "localhost:", "localhost:http", "0", "65536", "h:99999", "-1"])(
    "%j is no address",
    (port) => {
      expect(said(server(port, login))[0]).toMatch(/^3 \[inet_http_server\] port: expected/);
    },
  );

  test("TCP is opened before Unix, each in its order", () => {
    const { servers } = load(
      `[unix_http_server]\nfile=/tmp/s\n[inet_http_server:b]\nport=localhost:2\n[inet_http_server:a]\nport=localhost:1`,
    );
    expect(servers.map(({ section }) => section.name)).toEqual([
      "inet_http_server:b",
      "inet_http_server:a",
      "unix_http_server",
    ]);
  });

  test("the port is required", () => {
    expect(said("[inet_http_server]")).toEqual([
      "2 [inet_http_server] port: this option is required and not set",
    ]);
  });
});

describe("[eventlistener:x]", () => {
  const listener = (...lines: string[]) =>
    `[eventlistener:l]\ncommand=x\n${["events=TICK_5, process_state", ...lines].join("\n")}`;

  test("is a pool that starts before all others, while its processes keep their priority", () => {
    const [group] = load(listener()).groups;
    expect(group).toMatchObject({
      name: "l",
      priority: -1,
      pool: { events: ["TICK_5", "PROCESS_STATE"], buffer_size: 10 },
      processes: [{ kind: "eventlistener", priority: 999 }],
    });
    expect(load(listener("priority=5")).groups).toMatchObject([
      { priority: 5, processes: [{ priority: 5 }] },
    ]);
  });

  test.each<[string[], string]>([
    [["events="], "5 [eventlistener:l] events: expected at least one event type"],
    [["events=TICK_6"], 'no event type "TICK_6"; did you mean "TICK_5"?'],
    [["events=TICK_5,"], "[eventlistener:l] events: expected event types"],
    [["buffer_size=0"], "[eventlistener:l] buffer_size: expected a whole number from 1"],
    [["redirect_stderr=true"], "5 [eventlistener:l] redirect_stderr: cannot be true"],
    [["result_handler=my.module:judge"], "drover cannot load Python"],
  ])("%j", (lines, expected) => {
    expect(said(listener(...lines)).join("\n")).toContain(expected);
  });

  test("without events it listens to nothing", () => {
    expect(said("[eventlistener:l]\ncommand=x")).toContain(
      "2 [eventlistener:l] events: this option is required and not set",
    );
  });

  test("a group cannot have one", () => {
    expect(said(`${listener()}\n[group:g]\nprograms=l`)).toContain(
      "6 [group:g] programs: there is no [program:l]",
    );
  });
});

describe("[fcgi-program:x]", () => {
  const fcgi = (...lines: string[]) => `[fcgi-program:f]\ncommand=x\n${lines.join("\n")}`;

  test.each<[string, object]>([
    ["tcp://LOCALHOST:9000", { family: "inet", host: "localhost", port: 9000 }],
    ["unix:///run/%(program_name)s.sock", { family: "unix", path: "/run/f.sock" }],
  ])("socket=%s", (socket, expected) => {
    expect(load(fcgi(`socket=${socket}`)).groups).toMatchObject([
      { name: "f", processes: [{ kind: "fcgi-program", socket: { socket: expected } }] },
    ]);
  });

  test.each<[string[], string]>([
    [[], "socket: this option is required and not set"],
    [["socket=9000"], "socket: expected tcp://host:port or unix:///absolute/path"],
    [["socket=unix://rel/x"], "socket: expected"],
    [["socket=tcp://h:99999"], "a port is from 1 to 65535"],
    [["socket=unix:///run/%(process_num)d"], "%(process_num)d names nothing"],
    [
      ["socket=tcp://h:1", "socket_mode=0700"],
      "5 [fcgi-program:f] socket_mode: only a Unix socket",
    ],
    [["socket=unix:///s", "socket_backlog=0"], "socket_backlog: expected a whole number from 1"],
    [["socket=unix:///s", "socket_owner=nobody-here"], "socket_owner: expected a user"],
  ])("%j", (lines, expected) => {
    expect(said(fcgi(...lines)).join("\n")).toContain(expected);
  });

  test("in a group it keeps its socket; without one it is a plain program there, as in supervisord", () => {
    const group = "[group:g]\nprograms=f\n";
    expect(load(`${group}${fcgi("socket=unix:///s")}`).groups).toMatchObject([
      { name: "g", processes: [{ kind: "fcgi-program", socket: { socket: { path: "/s" } } }] },
    ]);
    expect(load(`${group}${fcgi()}`).groups).toMatchObject([
      { name: "g", processes: [{ kind: "program", socket: undefined }] },
    ]);
  });

  test("a name that is both kinds of program is ambiguous in a group", () => {
    const both = `[program:f]\ncommand=x\n${fcgi("socket=unix:///s")}`;
    expect(said(`${both}\n[group:g]\nprograms=f`)).toContain(
      '8 [group:g] programs: "f" is both [program:f] and [fcgi-program:f]',
    );
  });
});

describe("[program-default]", () => {
  test("is for every program that does not set a value itself, by its own names and folder", () => {
    const { groups } = load(
      "[program-default]\ncommand=%(here)s/%(program_name)s\nstartsecs=7\n" +
        "[program:a]\n[program:b]\nstartsecs=8",
    );
    expect(groups.flatMap(({ processes }) => processes)).toMatchObject([
      { name: "a", command: "/srv/app/a", startsecs: 7 },
      { name: "b", command: "/srv/app/b", startsecs: 8 },
    ]);
  });

  test("goes before [DEFAULT], and is not for listeners", () => {
    const { groups } = load(
      "[DEFAULT]\nstartsecs=1\nstopwaitsecs=2\n[program-default]\nstartsecs=3\nredirect_stderr=true\n" +
        "[program:a]\ncommand=x\n[eventlistener:l]\ncommand=x\nevents=TICK_5",
    );
    expect(groups.flatMap(({ processes }) => processes)).toMatchObject([
      { name: "l", startsecs: 1, redirect_stderr: false },
      { name: "a", startsecs: 3, stopwaitsecs: 2, redirect_stderr: true },
    ]);
  });

  test("a mistake in it is told once and at its own line, not for each program", () => {
    expect(
      said("[program-default]\nstarsecs=1\n[program:a]\ncommand=x\n[program:b]\ncommand=x"),
    ).toEqual([expect.stringMatching(/^3 \[program-default\] starsecs: .*"startsecs"\?$/)]);
  });
});

test("what a variable of the environment holds is not told by what is wrong with it", () => {
  expect(said("[program:a]\ncommand=x\nautostart=%(ENV_HOME)s")).toEqual([
    '4 [program:a] autostart: expected true or false, got what "%(ENV_HOME)s" expands to',
  ]);
});

test.each<[string, string | undefined]>([
  [`{SHA}${"a".repeat(40)}`, undefined],
  ["{SHA}xyz", "no password can match this"],
  [`{SHA}${"A".repeat(40)}`, "no password can match this"],
])("the password %s", (password, expected) => {
  const told = said(`[unix_http_server]\nfile=/tmp/s\nusername=u\npassword=${password}`);
  expect(told).toEqual(expected ? [expect.stringContaining(expected)] : []);
});

test("a byte order mark is named, and nothing else that follows from it", () => {
  const reader = inMemory({ [root]: "\ufeff[supervisord]\n" });
  expect(() => loadConfig(root, reader, machine)).toThrow(
    `${root}:1: expected no byte order mark: save this file as UTF-8 without one`,
  );
});

test("what is wrong in [program-default] is told once, and where it stands", () => {
  expect(
    said("[program-default]\nstartsecs=soon\n[program:a]\ncommand=x\n[program:b]\ncommand=x"),
  ).toEqual(['3 [program-default] startsecs: expected whole seconds such as 10, got "soon"']);
});

describe("a secret is not told by what is wrong with it", () => {
  test.each([
    "[unix_http_server]\nfile=/tmp/s\nusername=u\npassword=hunter%(2",
    "[unix_http_server]\nfile=/tmp/s\nusername=u\npassword=%(hunter)s",
    "[supervisorctl]\npassword=%(hunter)s",
    "[program:a]\ncommand=x\nenvironment=PASSWORD=p@hunter=w,B",
    '[program:a]\ncommand=x\nenvironment=PASSWORD="hunter',
    "[program:a]\ncommand=x\nenvironment=PASSWORD=%(hunter)s",
    "[program:a]\ncommand=x\nenvironment=PASSWORD=\nhunter",
    "[supervisord]\nenvironment=A=1,hunter",
  ])("%j", (text) => {
    expect(said(text).join("\n")).not.toContain("hunter");
  });
});

describe("expand=no", () => {
  test("a percent sign is one, in any section", () => {
    const config = load(
      "[program:a]\nexpand=no\ncommand=date +%Y-%m\nprocess_name=%(program_name)s_%(process_num)d\nnumprocs=2\n" +
        "[unix_http_server]\nexpand=off\nfile=/tmp/s\nusername=u\npassword=100%s",
    );
    expect(config.groups[0]?.processes).toMatchObject([
      { name: "a_0", command: "date +%Y-%m" },
      { name: "a_1", command: "date +%Y-%m" },
    ]);
    expect(config.servers).toMatchObject([{ password: "100%s" }]);
  });

  test("is a boolean", () => {
    expect(said("[program:a]\ncommand=x\nexpand=never")).toEqual([
      '4 [program:a] expand: expected true or false, got "never"',
    ]);
  });
});

describe("Python plug-ins", () => {
  const stock = "supervisor.rpcinterface:make_main_rpcinterface";
  test.each<[string, string | undefined]>([
    [`supervisor.rpcinterface_factory=${stock}`, undefined],
    ["supervisor.rpcinterface_factory=other:make", "cannot load the Python plug-in other:make"],
    ["", "this option is required and not set"],
    [`supervisor.rpcinterface_factory=${stock}\nx=1`, "takes no such option"],
  ])("%j", (options, expected) => {
    const problems = said(`[rpcinterface:supervisor]\n${options}`);
    expect(problems).toEqual(expected ? [expect.stringContaining(expected)] : []);
  });
});

describe("the command line", () => {
  test("wins over the file, and nothing in it is expanded", () => {
    const overrides = { identifier: "100%", loglevel: "debug" };
    expect(load("identifier=file\nloglevel=nonsense", overrides).supervisord).toMatchObject({
      identifier: "100%",
      loglevel: "debug",
    });
  });

  test("a bad value is placed there", () => {
    expect(said("", { umask: "99" })).toEqual([
      'command line [supervisord] umask: expected an octal number such as 022, got "99"',
    ]);
  });
});

test.each<[string, string]>([
  ["[Program:web]", '; did you mean "program:web"?'],
  ["[progam:web]", '; did you mean "program:web"?'],
  ["[supervisrod]", '; did you mean "supervisord"?'],
  ["[eventlistner:a]", '; did you mean "eventlistener:a"?'],
  ["[something]", "it is ignored"],
])("the unknown section %s", (header, expected) => {
  expect(said(header)[0]).toMatch(/^2 \[.*\]: drover has no such section/);
  expect(said(header)[0]?.endsWith(expected)).toBe(true);
});

test("more processes than a machine runs are a mistake, and cost nothing", () => {
  const many = "[program:a]\ncommand=x\nprocess_name=%(process_num)d\nnumprocs=";
  expect(said(`${many}1000000`)).toEqual([
    expect.stringMatching(/^5 \[program:a\] numprocs: expected at most 32768 processes/),
  ]);
  expect(load(`${many}-5`).groups).toMatchObject([{ name: "a", processes: [] }]);
});

test("a long option that each of many copies reads anew is a mistake too", () => {
  const pairs = Array.from({ length: 2_000 }, (_, at) => `V${at}=%(process_num)d`).join(",");
  const many = `[program:a]\ncommand=x\nprocess_name=%(process_num)d\nnumprocs=30000`;
  expect(said(`${many}\nenvironment=${pairs}`)).toEqual([
    expect.stringMatching(/^5 \[program:a\] numprocs: expected at most .* 16 MB/),
  ]);
});

test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"])(
  "%s is a name like any other",
  (name) => {
    const config = load(
      `${name}=1\n[${name}]\nx=1\n[program:${name}]\ncommand=x\nenvironment=${name}=1\n${name}=2\n[group:g]\nprograms=${name}`,
    );
    expect(config.groups).toMatchObject([{ name: "g", processes: [{ name }] }]);
    expect(Object.entries(config.groups[0]?.processes[0]?.environment ?? {})).toEqual([
      [name, "1"],
    ]);
    expect(config.warnings).toHaveLength(3);
  },
);
