import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const missing = ["command-not-found command"];
/** A machine that has these commands only; words with a slash are paths. */
const only = (...known: string[]) => ({
  commandFault: (word: string) =>
    known.includes(word) ? undefined : `can't find command '${word}'`,
});

describe("command-not-found", () => {
  test.each<[string, string[]]>([
    ["php worker.php", []],
    ["phpp worker.php", missing],
    ["/opt/bin/worker", missing],
    ["env A=1 php worker.php", missing],
  ])("%s", (command, expected) => {
    expect(rulesFor(program(command), only("php"))).toEqual(expected);
  });

  test("is a warning in supervisord's words, with what to write", () => {
    expect(problemsOf(program("phpp worker.php --x"), only())).toMatchObject([
      {
        severity: "warning",
        message: "can't find command 'phpp'",
        instead: "command=/path/to/phpp worker.php --x",
      },
    ]);
  });

  test.each<[string, string | undefined]>([
    [program("x"), undefined],
    [program("x", 'environment=PATH="/opt/bin"'), "/opt/bin"],
    [`[supervisord]\nenvironment=PATH="/srv/bin"\n${program("x")}`, "/srv/bin"],
    [`[supervisord]\nenvironment=PATH="/srv/bin"\n${program("x", "environment=PATH=/a")}`, "/a"],
  ])("%j is looked up in %s", (body, searchPath) => {
    const asked: (string | undefined)[] = [];
    const commandFault = (_: string, given: string | undefined) => {
      asked.push(given);
      return "can't find command 'x'";
    };
    const [problem] = problemsOf(body, { commandFault });
    expect(asked).toEqual([searchPath]);
    expect(problem?.message.includes("PATH=")).toBe(searchPath !== undefined);
  });

  test.each<[string, (path: string) => boolean, string]>([
    ["/opt/worker", () => true, "command=/opt/worker/PROGRAM --x"],
    ["/opt/worker", () => false, "chmod +x /opt/worker"],
  ])("%s that is there", (word, isDirectory, instead) => {
    const facts = { mode: () => 0o644, isDirectory, commandFault: () => "not executable" };
    expect(problemsOf(program(`${word} --x`), facts)[0]?.instead).toBe(instead);
  });

  test("a relative path must be found from the daemon's folder, whatever directory= is", () => {
    const body = program("bin/worker --x", "directory=/srv/app");
    expect(rulesFor(body, only("bin/worker"))).toEqual([]);
    const [problem] = problemsOf(body, only("/srv/app/bin/worker"));
    expect(problem?.message).toContain("from the folder the daemon is started in");
    expect(problem?.instead).toBe("command=/srv/app/bin/worker --x");
    expect(problemsOf(program("bin/worker"), only())[0]?.instead).toBe(
      "command=/path/to/bin/worker",
    );
  });

  test("in the background the daemon looks from its own folder", () => {
    const body = (lines: string) => `[supervisord]\ndirectory=/srv\n${lines}\n${program("bin/x")}`;
    expect(rulesFor(body(""), only("/srv/bin/x"))).toEqual([]);
    expect(rulesFor(body("nodaemon=true"), only("/srv/bin/x"))).toEqual(missing);
  });

  test.each([["cd /srv && php x"], ["A=1 php x"], ["~/bin/x"], ['"php x"'], ["$HOME/bin/x"]])(
    "%s is only the shell's syntax",
    (command) => {
      expect(rulesFor(program(command), only())).toEqual(["shell-syntax command"]);
    },
  );
});

describe("directory-missing", () => {
  const facts = { isDirectory: (path: string) => path === "/srv/app" };
  test.each<[string, string[]]>([
    ["/srv/app", []],
    ["/srv/ap", ["directory-missing directory"]],
    ["~/app", ["directory-missing directory"]],
    ["app", []],
    ["./app", []],
  ])("directory=%s", (directory, expected) => {
    expect(rulesFor(program("/bin/x", `directory=${directory}`), facts)).toEqual(expected);
  });

  test.each<[string[], string]>([
    [["directory=/srv/ap"], "install -d /srv/ap"],
    [["directory=/srv/ap", "user=web"], "install -d -o web /srv/ap"],
    [["directory=~/app"], "directory=%(ENV_HOME)s/app"],
    [["directory=~/app", "user=web"], "directory=/home/web/app"],
  ])("%j: %s", (lines, instead) => {
    expect(problemsOf(program("/bin/x", ...lines), facts)[0]?.instead).toBe(instead);
  });
});
