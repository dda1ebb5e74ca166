import { expect, test } from "vitest";
import { lex } from "../../src/config/dialect.ts";
import { inheritValues } from "../../src/config/inherit.ts";
import { readSections } from "../../src/config/raw.ts";
import { kindOf } from "../../src/config/sections.ts";

function valuesOf(text: string, section: string): Record<string, string> {
  const raw = readSections([lex(text, "c.conf")]);
  inheritValues(raw, kindOf);
  const values = raw.sections.get(section)?.values ?? [];
  return Object.fromEntries([...values].map(([option, value]) => [option, value.text]));
}

const defaults = "[DEFAULT]\nstartsecs=1\nloglevel=debug\nuser=web\nnonsense=1\n";

test("every section has what it does not set itself and can use", () => {
  expect(valuesOf(`${defaults}[program:a]\nuser=own`, "program:a")).toEqual({
    user: "own",
    startsecs: "1",
  });
  expect(valuesOf(`${defaults}[supervisord]`, "supervisord")).toEqual({
    loglevel: "debug",
    user: "web",
  });
});

test("programs have what [program-default] says, before [DEFAULT]", () => {
  const text = `${defaults}[program-default]\nstartsecs=2\n[fcgi-program:f]\n[eventlistener:l]`;
  expect(valuesOf(text, "fcgi-program:f")).toEqual({ startsecs: "2", user: "web" });
  expect(valuesOf(text, "eventlistener:l")).toEqual({ startsecs: "1", user: "web" });
});

test("a plug-in is given one, which it cannot take, as in supervisord", () => {
  expect(Object.keys(valuesOf(`${defaults}[rpcinterface:x]`, "rpcinterface:x"))).toHaveLength(1);
});

test("where an inherited value stands is remembered", () => {
  const raw = readSections([lex("[DEFAULT]\nuser=web\n[program:a]\n", "c.conf")]);
  inheritValues(raw, kindOf);
  expect(raw.sections.get("program:a")?.values.get("user")).toMatchObject({
    text: "web",
    file: "c.conf",
    line: 2,
    inherited: true,
  });
});

test("thousands of values and of sections do not make millions", () => {
  const many = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n");
  const text = `[DEFAULT]\n${many(4_000, (at) => `o${at}=1`)}\n${many(4_000, (at) => `[program:p${at}]`)}`;
  expect(valuesOf(text, "program:p1")).toEqual({});
});
