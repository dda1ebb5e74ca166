import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError, type Problem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";
const many = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("\n");

const load = (body: string, files = {}, globs = {}) =>
  loadConfig(root, inMemory({ [root]: `[supervisord]\n${body}`, ...files }, globs), machine);

function errorsOf(act: () => unknown): readonly Problem[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

test("10,000 programs are a configuration", () => {
  const { groups } = load(many(10_000, (at) => `[program:p${at}]\ncommand=/bin/p${at}`));
  expect(groups).toHaveLength(10_000);
});

test("32,768 copies are, and one more is not", () => {
  const copies = (count: number) =>
    `[program:a]\ncommand=x\nprocess_name=%(process_num)d\nnumprocs=${count}`;
  expect(load(copies(32_768)).groups[0]?.processes).toHaveLength(32_768);
  expect(errorsOf(() => load(copies(32_769)))).toMatchObject([{ option: "numprocs", line: 5 }]);
});

test("too many processes are told once, however many programs are too many", () => {
  const body = many(5, (at) => `[program:${at}]\ncommand=x\nprocess_name=%(process_num)d`);
  const tooMany = body.replaceAll("command=x", "command=x\nnumprocs=20000");
  expect(errorsOf(() => load(tooMany))).toMatchObject([{ section: "program:1" }]);
});

test("50 MB are refused before they are read", () => {
  expect(errorsOf(() => load("#".repeat(50 * 2 ** 20)))).toMatchObject([
    { file: root, line: 0, message: expect.stringContaining("may have 8 MB") },
  ]);
});

test("all files together may not have more than one may", () => {
  const files = Object.fromEntries(
    Array.from({ length: 9 }, (_, at) => [`/srv/app/${at}.ini`, "#".repeat(2 ** 20)]),
  );
  const globs = { "/srv/app/*.ini": Object.keys(files) };
  expect(errorsOf(() => load("[include]\nfiles=*.ini", files, globs))).toMatchObject([
    { option: "files", message: expect.stringMatching(/^\/srv\/app\/7.ini: .* 8 MB together/) },
    { option: "files", message: expect.stringMatching(/^\/srv\/app\/8.ini: .* 8 MB together/) },
  ]);
});

test("files that include each other, or themselves, end: includes are those of the first file", () => {
  const a = "/srv/app/a.ini";
  const files = { [a]: `[include]\nfiles=c.conf a.ini\n[program:a]\ncommand=x` };
  const globs = { [a]: [a], [root]: [root] };
  const { groups } = load("[include]\nfiles=a.ini c.conf a.ini", files, globs);
  expect(groups).toMatchObject([{ name: "a" }]);
});

test("a file with a mistake in each of its lines is told a thousand of them", () => {
  const lines = many(20_000, (at) => `no option ${at}`);
  expect(errorsOf(() => load(lines))).toHaveLength(1_000);
  const values = many(5_000, (at) => `[program:p${at}]\ncommand=x\nstartsecs=soon`);
  expect(errorsOf(() => load(values))).toHaveLength(1_000);
  expect(load(many(20_000, (at) => `unknown${at}=1`)).warnings).toHaveLength(1_000);
});

test("however many warnings there are, no program is left out, and no error", () => {
  const programs = many(
    1_500,
    (at) =>
      `[program:p${at}]\ncommand=x\nenvironment_file=${at}.env\n[fcgi-program:f${at}]\ncommand=x\nsocket=nonsense\n[group:g${at}]\nprograms=f${at}`,
  );
  const files = Object.fromEntries(
    Array.from({ length: 1_500 }, (_, at) => [`/srv/app/${at}.env`, "A=1\nstray\n"]),
  );
  const { groups, warnings } = load(programs, files);
  expect(warnings.length).toBeGreaterThan(1_000);
  expect(groups.flatMap(({ processes }) => processes)).toHaveLength(3_000);
  expect(
    errorsOf(() => load(`${programs}\n[program:z]\ncommand=x\nexpand=maybe`, files)),
  ).toContainEqual(expect.objectContaining({ option: "expand", severity: "error" }));
});

test.each<[string, string]>([
  ["a value", "[program:a]\ncommand=x\0y"],
  ["an expanded value", "[program:a]\ncommand=x\nprocess_name=%(process_num)c"],
  ["a path", "[program:a]\ncommand=x\nstdout_logfile=/srv/a\0/b"],
  ["the name of a program", "[program:a\0b]\ncommand=x"],
])("NUL in %s is refused with its place", (_, body) => {
  const [problem, ...others] = errorsOf(() => load(body));
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ file: root, section: expect.stringContaining("program:a") });
  expect(problem?.line).toBeGreaterThan(1);
});
