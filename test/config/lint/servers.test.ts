import { describe, expect, test } from "vitest";
import { problemsOf, rulesFor } from "./found.ts";

const section = (header: string, ...lines: string[]): string =>
  [`[${header}]`, ...lines, ""].join("\n");

describe("socket-folder", () => {
  const unix = section("unix_http_server", "file=/run/app2/s.sock");
  const none = { isDirectory: () => false };
  test.each<[string, string, string[]]>([
    ["a folder that is missing", unix, ["socket-folder file"]],
    ["the run folder", `[supervisord]\nrundir=/run/app2\n${unix}`, []],
    ["above the run folder", `[supervisord]\nrundir=/run/app2/x\n${unix}`, []],
    ["another run folder", `[supervisord]\nrundir=/run/app\n${unix}`, ["socket-folder file"]],
    ["the usual run folder", section("unix_http_server", "file=/run/drover/s.sock"), []],
    ["no socket", "", []],
  ])("%s", (_, body, expected) => {
    expect(rulesFor(body, none)).toEqual(expected);
    expect(rulesFor(body)).toEqual([]);
  });

  test("says who makes the folder", () => {
    expect(problemsOf(unix, none)[0]?.instead).toContain("rundir=/run/app2");
    const other = `[supervisord]\nrundir=/run/app\n${unix}`;
    expect(problemsOf(other, none)[0]?.instead).toBe("install -d /run/app2");
  });
});

describe("same-port", () => {
  const two = (first: string, second: string) =>
    ["", ":b"].map((name, at) =>
      section(
        `inet_http_server${name}`,
        `port=${at === 0 ? first : second}`,
        "username=u",
        "password={SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
      ),
    );
  test.each<[string, string, string | undefined]>([
    ["9001", "9001", "port=*:9002"],
    ["127.0.0.1:9001", "localhost:9001", "port=localhost:9002"],
    ["*:9001", "127.0.0.1:9001", "port=127.0.0.1:9002"],
    ["127.0.0.1:9001", "127.0.0.2:9001", undefined],
    ["127.0.0.1:9001", "127.0.0.1:9002", undefined],
  ])("%s and %s: %s", (first, second, instead) => {
    const problems = problemsOf(two(first, second).join(""));
    expect(problems.map((found) => [found.rule, found.section, found.instead])).toEqual(
      instead === undefined ? [] : [["same-port", "inet_http_server:b", instead]],
    );
  });
});

describe("password-off", () => {
  test.each<[string, string[]]>([
    ["username=\npassword=opensesame", ["password-off username"]],
    ["username=ops\npassword=", ["password-off password"]],
    ["username=ops\npassword=opensesame", []],
    ["username=\npassword=", []],
    ["chmod=0700", []],
  ])("%j", (lines, expected) => {
    const body = section("unix_http_server", "file=/run/app/s.sock", lines);
    expect(rulesFor(body)).toEqual(expected);
    expect(JSON.stringify(problemsOf(body))).not.toContain("opensesame");
  });
});
