import { describe, expect, test } from "vitest";
import { Fault } from "../../src/faults.ts";
import { dispatch, systemHandlers } from "../../src/rpc/dispatch.ts";
import type { Gate } from "../../src/rpc/door.ts";
import { type Handlers, type MethodName, methods } from "../../src/rpc/methods.ts";

/** Handlers that answer with the name under which they stand and what they were given. */
const echo = Object.fromEntries(
  Object.keys(methods).map((name) => [name, (params: unknown) => [name, params]]),
) as unknown as Handlers;

const faultOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "no fault",
    (error: unknown) => (error instanceof Fault ? error.fault : error),
  );

test.each<[string, unknown[] | Record<string, unknown>, MethodName, Record<string, unknown>]>([
  ["supervisor.getPID", [], "supervisor.getPID", {}],
  ["supervisor.startProcess", ["a"], "supervisor.startProcess", { name: "a", wait: true }],
  [
    "supervisor.startProcess",
    { name: "a", wait: 0 },
    "supervisor.startProcess",
    { name: "a", wait: false },
  ],
  ["supervisor.getVersion", [], "supervisor.getAPIVersion", {}],
  [
    "supervisor.readProcessLog",
    ["a", "-5", 0],
    "supervisor.readProcessStdoutLog",
    { name: "a", offset: -5, length: 0 },
  ],
])("%s%j calls %s with %j", async (name, given, method, params) => {
  expect(await dispatch(echo, name, given)).toEqual([method, params]);
});

test.each([
  [""],
  ["startProcess"],
  ["supervisor"],
  ["supervisor."],
  ["supervisor.nope"],
  ["supervisor.getPID "],
  ["Supervisor.getPID"],
  ["supervisor._getPID"],
  ["supervisor.startProcess.toString"],
  ["toString"],
  ["constructor"],
  ["__proto__"],
])("%j is no method", async (name) => {
  expect(await faultOf(dispatch(echo, name, []))).toBe("UNKNOWN_METHOD");
});

test("wrong parameters do not reach the method", async () => {
  const reached: unknown[] = [];
  const handlers = { ...echo, "supervisor.getPID": () => reached.push(1) };
  expect(await faultOf(dispatch(handlers, "supervisor.getPID", [1]))).toBe("INCORRECT_PARAMETERS");
  expect(reached).toEqual([]);
});

test("what a method throws comes out as it is", async () => {
  const bug = new Error("bug");
  const handlers: Handlers = {
    ...echo,
    "supervisor.getPID": () => Promise.reject(bug),
    "supervisor.startProcess": () => {
      throw new Fault("BAD_NAME", "a");
    },
  };
  expect(await faultOf(dispatch(handlers, "supervisor.getPID", []))).toBe(bug);
  expect(await faultOf(dispatch(handlers, "supervisor.startProcess", ["a"]))).toBe("BAD_NAME");
});

describe("the interface describes itself", () => {
  const handlers = { ...echo, ...systemHandlers };
  const call = (name: string, ...given: unknown[]) => dispatch(handlers, name, given);

  test("listMethods has every method and every alias once, sorted", async () => {
    const listed = (await call("system.listMethods")) as string[];
    expect(listed).toEqual([...new Set(listed)].sort());
    for (const name of Object.keys(methods)) expect(listed).toContain(name);
    expect(listed).toContain("supervisor.getVersion");
    expect(listed).toContain("supervisor.readProcessLog");
    for (const name of listed) expect(await faultOf(call(name))).not.toBe("UNKNOWN_METHOD");
  });

  test.each<[string, string[]]>([
    ["supervisor.startProcess", ["boolean", "string", "boolean"]],
    ["supervisor.getAllProcessInfo", ["array"]],
    ["supervisor.getProcessInfo", ["struct", "string"]],
    ["supervisor.getPID", ["int"]],
    ["supervisor.readProcessLog", ["string", "string", "int", "int"]],
  ])("the signature of %s is %j", async (name, signature) => {
    expect(await call("system.methodSignature", name)).toEqual(signature);
  });

  test("methodHelp tells each parameter and the result", async () => {
    const help = (await call("system.methodHelp", "supervisor.startProcess")) as string;
    expect(help).toMatch(/^Start a process/);
    expect(help).toMatch(/^@param string name \S/m);
    expect(help).toMatch(/^@param boolean wait \S/m);
    expect(help).toMatch(/^@return boolean \S/m);
  });

  test.each([["nope"], ["toString"], [""]])("there is none for %j", async (name) => {
    expect(await faultOf(call("system.methodHelp", name))).toBe("SIGNATURE_UNSUPPORTED");
    expect(await faultOf(call("system.methodSignature", name))).toBe("SIGNATURE_UNSUPPORTED");
  });
});

test("a multicall makes its calls in turn, and passes each by the gate", async () => {
  const passed: string[] = [];
  const taken: number[] = [];
  const gate: Gate = {
    caller: "uid 1000, pid 4711",
    take(count) {
      taken.push(count);
      if (count > 9) throw new Fault("INCORRECT_PARAMETERS", "too many");
    },
    check(method) {
      passed.push(method);
      if (method === "supervisor.shutdown") throw new Fault("FAILED", "not you");
    },
  };
  const calls = [
    { methodName: "supervisor.getVersion" },
    { methodName: "supervisor.startProcess", params: ["a", false] },
    { methodName: "supervisor.shutdown", params: [] },
    { methodName: "supervisor.getPID", params: [1] },
    { methodName: "system.multicall", params: [[]] },
    { methodName: "supervisor.getPID", params: {} },
    { methodName: 5 },
    "nonsense",
    null,
  ];
  const answer = (await dispatch(echo, "system.multicall", [calls], gate)) as unknown[];
  expect(answer.slice(0, 2)).toEqual([
    ["supervisor.getAPIVersion", {}],
    ["supervisor.startProcess", { name: "a", wait: false }],
  ]);
  expect(answer.slice(2)).toEqual(
    [30, 2, 2, 2, 2, 2, 2].map((faultCode) => ({ faultCode, faultString: expect.any(String) })),
  );
  expect(passed).toEqual([
    "system.multicall",
    "supervisor.getAPIVersion",
    "supervisor.startProcess",
    "supervisor.shutdown",
  ]);
  expect(taken).toEqual([9]);
  passed.length = 0;
  const many = dispatch(echo, "system.multicall", [[...calls, 1]], gate);
  expect(await faultOf(many)).toBe("INCORRECT_PARAMETERS");
  expect(passed).toEqual(["system.multicall"]);
});
