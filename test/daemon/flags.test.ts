import { CommanderError } from "commander";
import { describe, expect, test, vi } from "vitest";
import { StartError } from "../../src/daemon/errors.ts";
import { parseCommandLine } from "../../src/daemon/flags.ts";

const parse = (...argv: string[]) => parseCommandLine(argv, "1.2.3");

function refusal(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.message;
  }
  throw new Error(`${argv.join(" ")} was accepted`);
}

test("without anything it runs what it finds", () => {
  expect(parse()).toEqual({
    action: "run",
    configuration: undefined,
    overrides: {},
    strict: false,
    json: false,
  });
});

describe("every flag of supervisord", () => {
  test.each<[string, string, string | undefined, string | undefined]>([
    ["-n", "--nodaemon", undefined, "true"],
    ["-s", "--silent", undefined, "true"],
    ["-k", "--nocleanup", undefined, "true"],
    ["-t", "--strip_ansi", undefined, "true"],
    ["-u", "--user", "www-data", "www-data"],
    ["-m", "--umask", "077", "077"],
    ["-d", "--directory", "/srv", "/srv"],
    ["-l", "--logfile", "/tmp/l", "/tmp/l"],
    ["-y", "--logfile_maxbytes", "1MB", "1MB"],
    ["-z", "--logfile_backups", "3", "3"],
    ["-e", "--loglevel", "debug", "debug"],
    ["-j", "--pidfile", "/tmp/p", "/tmp/p"],
    ["-i", "--identifier", "id", "id"],
    ["-q", "--childlogdir", "/tmp", "/tmp"],
    ["-a", "--minfds", "2048", "2048"],
    ["", "--minprocs", "300", "300"],
  ])("%s %s", (short, long, argument, expected) => {
    const name = long.slice(2);
    const given = argument === undefined ? [] : [argument];
    expect(parse(long, ...given).overrides).toEqual({ [name]: expected });
    if (argument !== undefined) {
      expect(parse(`${long}=${argument}`).overrides).toEqual({ [name]: expected });
    }
    if (short !== "") expect(parse(short, ...given).overrides).toEqual({ [name]: expected });
  });

  test("-c, together with others and with its value attached", () => {
    expect(parse("-nsc", "x.conf")).toMatchObject({
      configuration: "x.conf",
      overrides: { nodaemon: "true", silent: "true" },
    });
    expect(parse("-cx.conf").configuration).toBe("x.conf");
  });

  test("a value may look like a flag", () => {
    expect(parse("-i", "--nodaemon").overrides).toEqual({ identifier: "--nodaemon" });
    expect(parse("-i", "--nodaemo").overrides).toEqual({ identifier: "--nodaemo" });
  });
});

describe("long flags may be shortened", () => {
  test("to a beginning that only one of them has", () => {
    expect(parse("--ident", "x", "--noda").overrides).toEqual({
      identifier: "x",
      nodaemon: "true",
    });
    expect(parse("--ident=x").overrides).toEqual({ identifier: "x" });
    expect(parse("--logfile", "/x").overrides).toEqual({ logfile: "/x" });
  });

  test("but not to one that several have", () => {
    expect(refusal("--log", "x")).toContain("--log");
    expect(refusal("--no")).toContain("--no");
  });
});

describe("refused", () => {
  test.each([
    [["-x"], "-x"],
    [["--nosuch"], "--nosuch"],
    [["--nodaemno"], "--nodaemon"],
    [["-u"], "argument missing"],
    [["foo"], "positional arguments are not supported: foo\n"],
    [["chekc", "x.conf"], 'not supported: chekc x.conf; did you mean "check"?'],
    [["-n", "-n"], "--nodaemon is given twice"],
    [["-u", "a", "--user=b"], "--user is given twice"],
    [["check", "--stritc"], "--strict"],
    [["check", "a", "b"], "too many arguments"],
    [["check", "--str"], "--str"],
  ])("%j", (argv, expected) => {
    const message = refusal(...argv);
    expect(message).toContain(expected);
    expect(message).toMatch(/^Error: .*\nFor help, use droverd -h$/s);
  });
});

test("check takes the flags of the daemon, before and after its name", () => {
  expect(parse("check", "-c", "x.conf", "--strict")).toMatchObject({
    action: "check",
    configuration: "x.conf",
    strict: true,
    json: false,
  });
  expect(parse("-c", "x.conf", "-u", "web", "check", "--json")).toMatchObject({
    action: "check",
    configuration: "x.conf",
    overrides: { user: "web" },
    json: true,
  });
});

test("check takes the file as its argument too", () => {
  expect(parse("check", "x.conf")).toMatchObject({ action: "check", configuration: "x.conf" });
});

test("--echo-config only prints", () => {
  expect(parse("--echo-config").action).toBe("sample");
});

test.each(["-h", "--help", "--hel", "-?", "-v", "--version"])("%s prints and ends well", (flag) => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    expect(() => parse(flag)).toThrow(expect.objectContaining({ exitCode: 0 }));
    expect(() => parse(flag)).toThrow(CommanderError);
    expect(write.mock.calls.join("")).toContain(/v/.test(flag) ? "1.2.3" : "--childlogdir");
  } finally {
    write.mockRestore();
  }
});
