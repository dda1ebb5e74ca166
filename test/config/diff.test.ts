import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diff, isSame } from "../../src/config/diff.ts";
import { loadConfig } from "../../src/config/load.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";

const load = (body: string) =>
  loadConfig(root, inMemory({ [root]: `[supervisord]\n${body}` }), machine);

const between = (before: string, after: string) => diff(load(before), load(after));

const fleet = (numprocs: number, ...lines: string[]) =>
  `[program:w]\ncommand=/bin/w\nnumprocs=${numprocs}\nprocess_name=w%(process_num)d\n${lines.join("\n")}`;

const nothing = { daemon: [], added: [], removed: [], changed: [] };

test("groups that came and went, by name and in their order", () => {
  const before = "[program:a]\ncommand=x\n[program:b]\ncommand=x";
  const after = "[program:b]\ncommand=x\n[program:d]\ncommand=x\n[program:c]\ncommand=x";
  expect(between(before, after)).toEqual({ ...nothing, added: ["c", "d"], removed: ["a"] });
});

test("numprocs adds and removes processes and touches no other", () => {
  const [grown] = between(fleet(2), fleet(4)).changed;
  expect(grown).toEqual({ name: "w", options: [], added: ["w2", "w3"], removed: [], changed: [] });
  const [shrunk] = between(fleet(3), fleet(1)).changed;
  expect(shrunk).toMatchObject({ added: [], removed: ["w1", "w2"], changed: [] });
});

test("numprocs restarts those that use it", () => {
  const uses = "environment=OF=%(numprocs)d";
  const [change] = between(fleet(1, uses), fleet(2, uses)).changed;
  expect(change).toMatchObject({
    added: ["w1"],
    changed: [{ name: "w0", cost: "restart", options: [{ option: "environment" }] }],
  });
});

test.each<[string, string, "live" | "restart"]>([
  ["startsecs=5", "startsecs", "live"],
  ["stopwaitsecs=60", "stopwaitsecs", "live"],
  ["autorestart=true", "autorestart", "live"],
  ["exitcodes=0,2", "exitcodes", "live"],
  ["stdout_logfile_maxbytes=1MB", "stdout_logfile_maxbytes", "live"],
  ["priority=1", "priority", "live"],
  ["environment=A=1", "environment", "restart"],
  ["directory=/tmp", "directory", "restart"],
  ["umask=077", "umask", "restart"],
  ["user=web", "user", "restart"],
  ["redirect_stderr=true", "redirect_stderr", "restart"],
  ["stdout_logfile=NONE", "stdout_logfile", "restart"],
])("%s changes %s, which costs %s", (line, option, cost) => {
  const [change] = between(fleet(1), fleet(1, line)).changed;
  expect(change?.changed).toMatchObject([{ name: "w0", cost, options: [{ option, cost }] }]);
});

test("a change says what stood there, what stands there now, and where", () => {
  const [change] = between(fleet(1, "stopwaitsecs=5"), fleet(1, "", "stopwaitsecs=60")).changed;
  expect(change?.changed[0]?.options).toEqual([
    {
      option: "stopwaitsecs",
      cost: "live",
      from: "5",
      to: "60",
      place: { file: root, line: 7 },
    },
  ]);
  const [gone] = between(fleet(1, "stopwaitsecs=5"), fleet(1)).changed;
  expect(gone?.changed[0]?.options).toMatchObject([
    { from: "5", to: undefined, place: { file: root, line: 2 } },
  ]);
});

test("one option that needs a restart makes the change one", () => {
  const [change] = between(fleet(1), fleet(1, "startsecs=5", "umask=077")).changed;
  expect(change?.changed).toMatchObject([
    { cost: "restart", options: [{ option: "startsecs" }, { option: "umask" }] },
  ]);
});

test("secrets are not shown", () => {
  const [change] = between(
    fleet(1, "environment=KEY=old"),
    fleet(1, "environment=KEY=new"),
  ).changed;
  expect(JSON.stringify(change)).not.toMatch(/old|new/);
  expect(change?.changed[0]?.options).toMatchObject([{ from: "***", to: "***" }]);
  const [other] = between(fleet(1), fleet(1, "serverurl=http://me:hunter2@host")).changed;
  expect(other?.changed[0]?.options).toMatchObject([{ to: "http://me:***@host" }]);
});

test("the same value in other words is the same", () => {
  const before = fleet(1, "stopsignal=TERM", "stdout_logfile_maxbytes=1MB", "autostart=true");
  const after = fleet(1, "stopsignal=15", "stdout_logfile_maxbytes=1024KB", "autostart=on ; yes");
  expect(between(before, after)).toEqual(nothing);
});

describe("groups", () => {
  const members = "[program:a]\ncommand=x\n[program:b]\ncommand=x\n[program:c]\ncommand=x\n";

  test("their order and priority are live", () => {
    const before = `${members}[group:g]\nprograms=a,b`;
    expect(between(before, `${members}[group:g]\nprograms=b,a\npriority=1`).changed).toMatchObject([
      {
        name: "g",
        options: [
          { option: "programs", cost: "live", from: "a,b", to: "b,a" },
          { option: "priority", cost: "live", to: "1" },
        ],
        changed: [],
      },
    ]);
  });

  test("a member that joins leaves its own group", () => {
    const { removed, changed } = between(
      `${members}[group:g]\nprograms=a`,
      `${members}[group:g]\nprograms=a,b`,
    );
    expect({ removed, changed }).toMatchObject({ removed: ["b"], changed: [{ added: ["b"] }] });
  });
});

test("what a pool listens to, and a socket, need a restart", () => {
  const pool = (events: string) => `[eventlistener:l]\ncommand=x\nevents=${events}`;
  expect(between(pool("TICK_5"), pool("TICK_60")).changed).toMatchObject([
    { options: [{ option: "events", cost: "restart" }] },
  ]);
  const fcgi = (socket: string) => `[fcgi-program:f]\ncommand=x\nsocket=${socket}`;
  expect(between(fcgi("unix:///a"), fcgi("unix:///b")).changed).toMatchObject([
    { changed: [{ cost: "restart", options: [{ option: "socket" }] }] },
  ]);
});

test("a program that becomes a listener is another thing", () => {
  const listener = "[eventlistener:a]\ncommand=x\nevents=TICK_5";
  expect(between("[program:a]\ncommand=x", listener)).toMatchObject({
    added: ["a"],
    removed: ["a"],
    changed: [],
  });
});

test("the daemon's own options", () => {
  expect(between("", "loglevel=debug\n").daemon).toEqual([
    {
      option: "loglevel",
      cost: "restart",
      from: undefined,
      to: "debug",
      place: { file: root, line: 2 },
    },
  ]);
});

const someOptions = fc.uniqueArray(
  fc.constantFrom(
    ...["startsecs=3", "umask=022", "environment=A=%(process_num)d", "user=web", "priority=5"],
    ...["stdout_logfile=/tmp/%(program_name)s", "autostart=no", "stopsignal=HUP", "exitcodes=1"],
  ),
);
const someFleet = fc
  .record({ copies: fc.nat(5), options: someOptions, more: fc.boolean() })
  .map(({ copies, options, more }) =>
    [fleet(copies, ...options), more ? "[program:z]\ncommand=z" : ""].join("\n"),
  );

test("a configuration does not differ from itself, read once or twice", () => {
  fc.assert(
    fc.property(someFleet, (text) => {
      const config = load(text);
      expect(diff(config, config)).toEqual(nothing);
      expect(isSame(between(text, `; another line\n${text}`))).toBe(true);
    }),
  );
});

test("what one way adds, the other way removes", () => {
  fc.assert(
    fc.property(someFleet, someFleet, (a, b) => {
      const there = between(a, b);
      const back = between(b, a);
      expect(back.added).toEqual(there.removed);
      expect(back.removed).toEqual(there.added);
      const names = (changes: typeof there.changed) => changes.map(({ name }) => name);
      expect(names(back.changed)).toEqual(names(there.changed));
    }),
  );
});
