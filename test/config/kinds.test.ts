import { describe, expect, test } from "vitest";
import { type Owner, owner, user } from "../../src/config/kinds/accounts.ts";
import type { Kind } from "../../src/config/kinds/kind.ts";
import * as network from "../../src/config/kinds/network.ts";
import * as numbers from "../../src/config/kinds/numbers.ts";
import * as paths from "../../src/config/kinds/paths.ts";
import * as words from "../../src/config/kinds/words.ts";
import { BadValue } from "../../src/config/problems.ts";
import { machine } from "../support/configuration.ts";

const kinds = { ...network, ...numbers, ...paths, ...words, owner, user };
const refused = Symbol("refused");

/** The value, or `refused` after a look at the message. */
function parse<T>(kind: Kind<T>, text: string): T | typeof refused {
  try {
    return kind.parse(text, machine);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    expect(error.message).toMatch(/^expected .*, got ".*"/s);
    return refused;
  }
}

describe("integer", () => {
  test.each<[string, number | typeof refused]>([
    ["3", 3],
    ["-1", -1],
    ["+2", 2],
    [" 007 ", 7],
    ["1_000", 1_000],
    ["", refused],
    ["1.5", refused],
    ["0x10", refused],
    ["1e3", refused],
    ["_1", refused],
    ["1__0", refused],
    ["1s", refused],
    ["99999999999999999999", Number.MAX_SAFE_INTEGER],
    ["-99999999999999999999", Number.MIN_SAFE_INTEGER],
  ])("%j", (text, expected) => {
    expect(parse(kinds.integer, text)).toBe(expected);
    expect(parse(kinds.seconds, text)).toBe(expected);
  });
});

describe("boolean", () => {
  test.each<[string, boolean | typeof refused]>([
    ...["yes", "true", "on", "1", "TRUE", "On"].map((text): [string, boolean] => [text, true]),
    ...["no", "false", "off", "0", "FALSE"].map((text): [string, boolean] => [text, false]),
    ...["", "2", "y", "enabled", "constructor"].map((text): [string, typeof refused] => [
      text,
      refused,
    ]),
  ])("%j", (text, expected) => {
    expect(parse(kinds.boolean, text)).toBe(expected);
    expect(parse(kinds.autorestart, text)).toBe(expected);
  });

  test.each([["unexpected"], ["Unexpected"]])("autorestart=%s", (text) => {
    expect(parse(kinds.autorestart, text)).toBe("unexpected");
    expect(parse(kinds.boolean, text)).toBe(refused);
  });
});

describe("bytes", () => {
  test.each<[string, number | typeof refused]>([
    ["0", 0],
    ["512", 512],
    ["1KB", 1_024],
    ["50MB", 52_428_800],
    ["50mb", 52_428_800],
    ["2 GB", 2_147_483_648],
    ["10b", refused],
    ["1.5MB", refused],
    ["1KiB", refused],
    ["1TB", refused],
    ["MB", refused],
    ["", refused],
    ["9007199254740991GB", Number.MAX_SAFE_INTEGER],
  ])("%j", (text, expected) => {
    expect(parse(kinds.bytes, text)).toBe(expected);
  });
});

describe("octal", () => {
  test.each<[string, number | typeof refused]>([
    ["022", 0o22],
    ["22", 0o22],
    ["0o700", 0o700],
    ["0", 0],
    [" 0777 ", 0o777],
    ["9", refused],
    ["0x1f", refused],
    ["", refused],
    ["u=rwx", refused],
    ["o22", refused],
  ])("%j", (text, expected) => {
    expect(parse(kinds.octal, text)).toBe(expected);
  });
});

describe("signal", () => {
  test.each<[string, NodeJS.Signals | typeof refused]>([
    ["TERM", "SIGTERM"],
    ["SIGTERM", "SIGTERM"],
    [" sighup ", "SIGHUP"],
    ["15", "SIGTERM"],
    ["9", "SIGKILL"],
    ["6", "SIGABRT"],
    ["29", "SIGIO"],
    ["ABRT", "SIGABRT"],
    ["99", refused],
    ["FOO", refused],
    ["", refused],
    ["toString", refused],
  ])("%j", (text, expected) => {
    expect(parse(kinds.signal, text)).toBe(expected);
  });

  test("the nearest name is suggested", () => {
    expect(() => kinds.signal.parse("TREM", machine)).toThrow('did you mean "TERM"?');
  });
});

describe("exitcodes", () => {
  test.each<[string, number[] | typeof refused]>([
    ["0", [0]],
    ["0,2", [0, 2]],
    [" 0 , 255 ", [0, 255]],
    ["", []],
    ["256", refused],
    ["-1", refused],
    ["0,", refused],
    ["0 2", refused],
  ])("%j", (text, expected) => {
    expect(parse(kinds.exitcodes, text)).toEqual(expected);
  });
});

test.each<[string, string[]]>([
  ["a,b", ["a", "b"]],
  [" a , b,\nc ", ["a", "b", "c"]],
  ["a,", ["a", ""]],
  ["", []],
])("names: %j", (text, expected) => {
  expect(parse(kinds.names, text)).toEqual(expected);
});

describe("paths", () => {
  test.each<[string, string]>([
    ["/var/log/x", "/var/log/x"],
    ["x/y", "/srv/x/y"],
    ["/a/../b/", "/b"],
    ["~", "/home/web"],
    ["~/x", "/home/web/x"],
    ["~web/x", "/home/web/x"],
    ["~nobody-here/x", "/srv/~nobody-here/x"],
    ["a~", "/srv/a~"],
  ])("%j is %s", (text, expected) => {
    expect(parse(kinds.anyPath, text)).toBe(expected);
  });

  test.each<[string, string | typeof refused]>([
    ["/tmp", "/tmp"],
    ["~", "/home/web"],
    ["/nowhere", refused],
  ])("an existing folder: %j", (text, expected) => {
    expect(parse(kinds.existingDir, text)).toBe(expected);
  });

  test.each<[string, string | typeof refused]>([
    ["/tmp/x.log", "/tmp/x.log"],
    ["x.log", "/srv/x.log"],
    ["/nowhere/x.log", refused],
    ["sub/x.log", refused],
  ])("a file in an existing folder: %j", (text, expected) => {
    expect(parse(kinds.filePath, text)).toBe(expected);
  });
});

describe("logfile", () => {
  test.each<[string, paths.LogTarget | typeof refused]>([
    ["AUTO", { to: "auto" }],
    ["auto", { to: "auto" }],
    ["NONE", { to: "none" }],
    ["Off", { to: "none" }],
    ["", { to: "none" }],
    ["/tmp/x.log", { to: "file", path: "/tmp/x.log" }],
    ["/nowhere/x.log", refused],
    ["syslog", { to: "syslog" }],
  ])("%j", (text, expected) => {
    expect(parse(kinds.logfile, text)).toEqual(expected);
  });

  const file = (path: string): paths.LogPlace => ({ to: "file", path });
  test.each<[string, readonly paths.LogPlace[] | typeof refused]>([
    ["/tmp/a.log,/dev/stdout", refused],
    ["/tmp/a.log, /srv/b.log", [file("/tmp/a.log"), file("/srv/b.log")]],
    [
      "/tmp/a.log,SYSLOG , ~/b.log",
      [file("/tmp/a.log"), { to: "syslog" }, file("/home/web/b.log")],
    ],
    ["AUTO, syslog, none", [{ to: "auto" }, { to: "syslog" }, { to: "none" }]],
    ["/tmp/a.log, /nowhere/b.log", refused],
    // The name of one file, as in supervisord.
    ["/tmp/a,b.log", [file("/tmp/a,b.log")]],
    ["/tmp/a.log,", [file("/tmp/a.log,")]],
    ["/tmp/a,/b.log", [file("/tmp/a,/b.log")]],
    ["a.log, syslog", [file("a.log, syslog")]],
  ])("several: %j", (text, expected) => {
    const target = parse(kinds.logfile, text);
    expect(target === refused ? refused : kinds.targetsOf(target)).toEqual(expected);
  });
});

describe("a prefix of lines", () => {
  test.each<[string, string | typeof refused]>([
    ["", ""],
    ["[web]", "[web] "],
    ["[web] ", "[web] "],
    ["web\t", "web\t"],
    ["| web |", "| web | "],
    ["two\nlines", refused],
    ["web\r", refused],
  ])("%j", (text, expected) => {
    expect(parse(kinds.linePrefix, text)).toBe(expected);
  });
});

describe("loglevel", () => {
  test.each<[string, string | typeof refused]>([
    ...kinds.logLevels.map((level): [string, string] => [level, level]),
    ["INFO", "info"],
    ["warning", refused],
    ["", refused],
    ["constructor", refused],
    ["__proto__", refused],
  ])("%j", (text, expected) => {
    expect(parse(kinds.logLevel, text)).toBe(expected);
  });

  test("the nearest level is suggested", () => {
    expect(() => kinds.logLevel.parse("waning", machine)).toThrow('did you mean "warn"?');
  });
});

describe("users", () => {
  const web = { name: "web", uid: 1001, gid: 1002, home: "/home/web" };

  test.each<[string, typeof web | typeof refused]>([
    ["web", web],
    [" 1001 ", web],
    ["nobody-here", refused],
    ["4711", refused],
  ])("user %j", (text, expected) => {
    expect(parse(kinds.user, text)).toEqual(expected);
  });

  test.each<[string, Owner | typeof refused]>([
    ["web", { uid: 1001, gid: -1 }],
    ["web:www", { uid: 1001, gid: 1003 }],
    ["1001:1003", { uid: 1001, gid: 1003 }],
    ["web:nobody-here", refused],
    ["nobody-here:www", refused],
    [":www", refused],
  ])("owner %j", (text, expected) => {
    expect(parse(kinds.owner, text)).toEqual(expected);
  });
});

test.each<[string, string | typeof refused]>([
  ["text", "text"],
  [" JSON ", "json"],
  ["xml", refused],
  ["", refused],
])("one of a few words: %j", (text, expected) => {
  expect(parse(kinds.choice("text", "json"), text)).toBe(expected);
});

describe("durations of drover's own options", () => {
  test.each<[string, number | typeof refused]>([
    ["500ms", 500],
    ["10s", 10_000],
    ["10", 10_000],
    ["5m", 300_000],
    [" 2 h ", 7_200_000],
    ["14D", 1_209_600_000],
    ["1.5s", 1_500],
    ["0", 0],
    ["", refused],
    ["-1s", refused],
    ["5 parsecs", refused],
    ["1e3s", refused],
    ["1h30m", refused],
    ["9".repeat(30), refused],
  ])("%j", (text, expected) => {
    expect(parse(numbers.duration, text)).toBe(expected);
  });
});
