import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { loadCtlConfig } from "../../src/config/loadctl.ts";
import { ConfigError, formatProblem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/drover.conf";
type Files = Readonly<Record<string, string>>;
type Globs = Readonly<Record<string, readonly string[]>>;

const load = (text: string, files: Files = {}, globs: Globs = {}) =>
  loadConfig(root, inMemory({ [root]: text, ...files }, globs), machine);
const loadCtl = (text: string) => loadCtlConfig(root, inMemory({ [root]: text }), machine);

/** Where every problem is, and how bad. */
function problemsOf(act: () => unknown): string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ severity, file, line, section, option }) =>
        `${severity} ${file}:${line} ${section ?? ""} ${option ?? ""}`,
    );
  }
}

const warningsOf = (text: string, files?: Files, globs?: Globs): string[] =>
  load(text, files, globs).warnings.map(formatProblem);

test("an empty [supervisord] is a configuration, with supervisord's defaults", () => {
  const config = load("[supervisord]");
  expect(config).toMatchObject({ servers: [], groups: [], warnings: [] });
  expect(config.supervisord).toEqual({
    rundir: undefined,
    log_compress: "none",
    log_keep: undefined,
    log_mode: undefined,
    log_owner: undefined,
    log_rotate_at: undefined,
    log_rotate_every: undefined,
    logfile: { to: "file", path: "/srv/supervisord.log" },
    logfile_maxbytes: 52_428_800,
    logfile_backups: 10,
    loglevel: "info",
    log_format: "text",
    pidfile: "/srv/supervisord.pid",
    nodaemon: false,
    silent: false,
    umask: 0o22,
    directory: undefined,
    user: undefined,
    identifier: "supervisor",
    childlogdir: undefined,
    nocleanup: false,
    environment_file: "",
    strip_ansi: false,
    syslog_socket: "/dev/log",
    syslog_ident: "supervisord",
    max_log_streams: 1_024,
    watch_config: "off",
    event_log: undefined,
    event_log_maxbytes: 10 * 2 ** 20,
    event_log_backups: 4,
    exit_on_fatal: false,
    exit_code_from: undefined,
    minfds: 1024,
    minprocs: 200,
    expand: true,
    environment: {},
  });
});

describe("refused", () => {
  test.each<[string, string[]]>([
    ["", [`error ${root}:0  `]],
    ["[Supervisord]", [`error ${root}:0  `, `warning ${root}:1 Supervisord `]],
    ["junk", [`error ${root}:1  `]],
    [
      "[supervisord]\nlogfile=/nowhere/x\nloglevel=loud\n[unix_http_server]\nchmod=9",
      [
        `error ${root}:2 supervisord logfile`,
        `error ${root}:3 supervisord loglevel`,
        `error ${root}:4 unix_http_server file`,
        `error ${root}:5 unix_http_server chmod`,
      ],
    ],
  ])("%j", (text, expected) => {
    expect(problemsOf(() => load(text))).toEqual(expected);
  });

  test("a file that is not there", () => {
    expect(problemsOf(() => loadConfig("/srv/x", inMemory({}), machine))).toEqual([
      "error /srv/x:0  ",
    ]);
  });

  test("an included file's mistakes, by its own name and line", () => {
    const text = "[supervisord]\n[include]\nfiles=x.ini";
    const x = "/srv/app/x.ini";
    const bad = () => load(text, { [x]: "[program:a]\nstartsecs=soon" }, { [x]: [x] });
    expect(problemsOf(bad)).toEqual([
      `error ${x}:1 program:a command`,
      `error ${x}:2 program:a startsecs`,
    ]);
  });
});

describe("[include]", () => {
  const x = "/srv/app/conf.d/x.ini";
  const y = "/srv/app/conf.d/y.ini";
  const all = "/srv/app/conf.d/*.ini";

  test("patterns are relative to the root file, and read in their order", () => {
    const text = "[supervisord]\nidentifier=root\n[include]\nfiles=conf.d/y.ini\n  /etc/z.ini";
    const files = {
      [y]: "[supervisord]\nidentifier=y",
      "/etc/z.ini": "[supervisord]\nidentifier=z",
    };
    const globs = { [y]: [y], "/etc/z.ini": ["/etc/z.ini"] };
    expect(load(text, files, globs).supervisord.identifier).toBe("z");
  });

  test("patterns may name the host, the folder and the environment", () => {
    const text = "[supervisord]\n[include]\nfiles=%(here)s/%(host_node_name)s%(ENV_LANG)s.ini";
    const host = "/srv/app/node-7C.ini";
    const files = { [host]: "[supervisord]\nidentifier=host" };
    expect(load(text, files, { [host]: [host] }).supervisord.identifier).toBe("host");
  });

  test("%(here)s is the folder of the file that says it", () => {
    const text = "[supervisord]\n[program:r]\ncommand=%(here)s/r\n[include]\nfiles=conf.d/*.ini";
    const { groups } = load(text, { [x]: "[program:x]\ncommand=%(here)s/x" }, { [all]: [x] });
    expect(groups.flatMap(({ processes }) => processes.map(({ command }) => command))).toEqual([
      "/srv/app/r",
      "/srv/app/conf.d/x",
    ]);
  });

  test("an include in an included file is not followed", () => {
    const text = "[supervisord]\n[include]\nfiles=conf.d/*.ini";
    const files = { [x]: `[include]\nfiles=${y}`, [y]: "junk" };
    expect(warningsOf(text, files, { [all]: [x], [y]: [y] })).toEqual([
      `${x}:1 [include]: this is an included file, and what it includes is not read`,
    ]);
  });

  test("a pattern without files and a file that cannot be read are warnings", () => {
    const text = "[supervisord]\n[include]\nfiles=conf.d/*.ini nothing*";
    expect(warningsOf(text, {}, { [all]: [x] })).toEqual([
      expect.stringMatching(
        /^\/srv\/app\/drover.conf:3 \[include\] files: .*x\.ini is left out: there is no such file$/,
      ),
      expect.stringMatching(/^\/srv\/app\/drover.conf:3 \[include\] files: .*"nothing\*"$/),
    ]);
  });

  test("an [include] without files is refused", () => {
    expect(problemsOf(() => load("[supervisord]\n[include]"))).toEqual([
      `error ${root}:2 include files`,
    ]);
  });
});

describe("warned about", () => {
  test.each<[string, string | undefined]>([
    ["[supervisord]\nlogfil=x", "2 [supervisord] logfil:"],
    ["[supervisord]\n[Program:a]", "2 [Program:a]:"],
    ["[supervisord]\n[program]", "2 [program]:"],
    ["[supervisord]\n[supervisorctl]\n[program-default]\nstartsecs=2", undefined],
    ["[supervisord]\n[ctlplugin:x]\na=1", "2 [ctlplugin:x]:"],
    [
      "[supervisord]\n[rpcinterface:x]\nsupervisor.rpcinterface_factory=a:b\nc=d",
      "3 [rpcinterface:x] supervisor.rpcinterface_factory:",
    ],
  ])("%j: %s", (text, expected) => {
    const warnings = warningsOf(text);
    expect(warnings).toEqual(expected ? [expect.stringContaining(`${root}:${expected}`)] : []);
  });

  test("an option with a mistake in its name is told the one that was meant", () => {
    expect(warningsOf("[supervisord]\nlogfil=x")[0]).toContain('did you mean "logfile"?');
  });
});

describe("names in [supervisord]", () => {
  test("here and the environment of the daemon", () => {
    const text = "[supervisord]\nidentifier=%(here)s %(ENV_LANG)s";
    expect(load(text).supervisord.identifier).toBe("/srv/app C");
  });

  test("the host's name only in environment", () => {
    const text = "[supervisord]\nenvironment=HOST=%(host_node_name)s";
    expect(load(text).supervisord.environment).toEqual({ HOST: "node-7" });
    expect(problemsOf(() => load("[supervisord]\nidentifier=%(host_node_name)s"))).toHaveLength(1);
  });
});

test("files may be put in the run folder, which the daemon makes", () => {
  const text =
    "[supervisord]\nrundir=/run/new\nlogfile=/run/new/log\n[program:a]\ncommand=x\nstdout_logfile=/run/new/a";
  expect(load(text).supervisord).toMatchObject({
    rundir: "/run/new",
    logfile: { to: "file", path: "/run/new/log" },
  });
});

describe("control sockets", () => {
  test("every [unix_http_server...] is one", () => {
    const text =
      "[supervisord]\n[unix_http_server]\nfile=%(here)s/a.sock\n" +
      "[unix_http_server:admin]\nfile=/tmp/b.sock\nchmod=0770\nchown=web:www\nusername=u\npassword=p";
    expect(load(text).servers).toMatchObject([
      { kind: "unix", file: "/srv/app/a.sock", chmod: 0o700 },
      {
        kind: "unix",
        file: "/tmp/b.sock",
        chmod: 0o770,
        chown: { uid: 1001, gid: 1003 },
        username: "u",
        password: "p",
      },
    ]);
  });

  test("a username without a password is refused", () => {
    const text = "[supervisord]\n[unix_http_server]\nfile=/tmp/s\nusername=u";
    expect(problemsOf(() => load(text))).toEqual([`error ${root}:2 unix_http_server `]);
  });

  test("a password without a username is refused: the socket would be open to all", () => {
    const text = "[supervisord]\n[unix_http_server]\nfile=/tmp/s\npassword=p";
    expect(problemsOf(() => load(text))).toEqual([`error ${root}:2 unix_http_server `]);
  });
});

describe("droverctl", () => {
  test("reads its own section and where the sockets are", () => {
    const text =
      "[supervisord]\nrundir=/run/app\n[unix_http_server]\nfile=/tmp/s\n" +
      "[supervisorctl]\nserverurl=unix://%(here)s/s\nusername=u\npassword=p\nprompt=mine";
    expect(loadCtl(text)).toMatchObject({
      ctl: { serverurl: "unix:///srv/app/s", username: "u", password: "p", prompt: "mine" },
      servers: [{ kind: "unix", file: "/tmp/s", chmod: 0o700 }],
      rundir: "/run/app",
    });
  });

  test("works without any of that, and whatever is wrong elsewhere", () => {
    const text = "[program:a]\nstartsecs=soon\n[supervisord]\nloglevel=loud\n[include]\nfiles=x";
    expect(loadCtl(text)).toMatchObject({ servers: [], rundir: undefined });
  });

  test("refuses what it cannot use", () => {
    expect(problemsOf(() => loadCtl("junk"))).toEqual([`error ${root}:1  `]);
    expect(problemsOf(() => loadCtl("[supervisorctl]\nserverurl=%(nope)s"))).toEqual([
      `error ${root}:2 supervisorctl serverurl`,
    ]);
  });
});

test("any text is a configuration or a list of problems with their places, and no other error", () => {
  const words = fc.constantFrom(
    ...[
      "[supervisord]",
      "[program:a]",
      "[group:g]",
      "[include]",
      "[unix_http_server]",
      "[DEFAULT]",
    ],
    ...[
      "command",
      "programs",
      "files",
      "environment",
      "numprocs",
      "user",
      "loglevel",
      "process_name",
    ],
    ...["stdout_logfile", "umask", "stopsignal", "=", "=", ":", "\n", "\n", "\n ", " ", "a", "1"],
    ...[
      "%(here)s",
      "%(process_num)d",
      "%",
      ",",
      '"',
      "'",
      ";",
      "constructor",
      "__proto__",
      "\\",
      "~",
    ],
  );
  const text = fc.array(words, { maxLength: 40 }).map((all) => `[supervisord]\n${all.join("")}`);
  fc.assert(
    fc.property(text, (own) => {
      for (const problem of problemsOf(() => load(own))) {
        expect(problem).toMatch(/^(?:error|warning) \/srv\/app\/drover.conf:\d+ /);
      }
    }),
    { numRuns: 2_000 },
  );
});
