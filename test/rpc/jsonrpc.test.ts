import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Fault } from "../../src/faults.ts";
import { answerJson, type Caller } from "../../src/rpc/jsonrpc.ts";

const bug = new Error("secret detail");

/** A server with two methods; what it was called with, and the bugs it told. */
function server() {
  const calls: unknown[] = [];
  const bugs: unknown[] = [];
  const call: Caller = async (method, params) => {
    calls.push([method, params]);
    if (method === "echo") return params;
    if (method === "broken") throw bug;
    if (method === "badName") throw new Fault("BAD_NAME", "web");
    if (method === "strict") throw new Fault("INCORRECT_PARAMETERS", "name");
    throw new Fault("UNKNOWN_METHOD");
  };
  const take = (count: number) => {
    if (count > 20) throw new Fault("INCORRECT_PARAMETERS", "too many");
  };
  const answer = async (body: string): Promise<unknown> => {
    const text = await answerJson(body, { call, take, onBug: (error) => bugs.push(error) });
    return text === undefined ? undefined : JSON.parse(text);
  };
  return { answer, calls, bugs };
}

const request = (method: string, more: Record<string, unknown> = { id: 1 }) => ({
  jsonrpc: "2.0",
  method,
  ...more,
});
const answerTo = (given: unknown) => server().answer(JSON.stringify(given));
const failure = (id: unknown, code: number) => ({
  jsonrpc: "2.0",
  id,
  error: expect.objectContaining({ code, message: expect.any(String) }),
});

describe("a call", () => {
  test.each<[string, Record<string, unknown>, unknown]>([
    ["by position", { id: 1, params: [1, "a"] }, [1, "a"]],
    ["by name", { id: "x", params: { name: "a" } }, { name: "a" }],
    ["without parameters", { id: 0 }, []],
    ["with the id null", { id: null }, []],
  ])("%s", async (_, more, result) => {
    expect(await answerTo(request("echo", more))).toEqual({ jsonrpc: "2.0", id: more.id, result });
  });

  test("a fault has supervisord's code and name", async () => {
    expect(await answerTo(request("badName"))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: 10, message: "BAD_NAME: web", data: { fault: "BAD_NAME" } },
    });
  });

  test.each<[string, number]>([
    ["nope", -32_601],
    ["strict", -32_602],
  ])("%s has JSON-RPC's own code %i", async (method, code) => {
    expect(await answerTo(request(method))).toEqual(failure(1, code));
  });

  test("a bug is told inside, and its text stays inside", async () => {
    const { answer, bugs } = server();
    const reply = await answer(JSON.stringify(request("broken")));
    expect(reply).toEqual(failure(1, -32_603));
    expect(JSON.stringify(reply)).not.toContain(bug.message);
    expect(bugs).toEqual([bug]);
  });
});

describe("a notification", () => {
  test.each([["echo"], ["badName"], ["nope"]])("%s is done and not answered", async (method) => {
    const { answer, calls, bugs } = server();
    expect(await answer(JSON.stringify(request(method, { params: [1] })))).toBeUndefined();
    expect(calls).toEqual([[method, [1]]]);
    expect(bugs).toEqual([]);
  });

  test("a bug in one is told all the same", async () => {
    const { answer, bugs } = server();
    expect(await answer(JSON.stringify(request("broken", {})))).toBeUndefined();
    expect(bugs).toEqual([bug]);
  });
});

describe("a batch", () => {
  test("is answered in its order, without the notifications", async () => {
    const batch = [request("echo", { id: 1 }), request("echo", {}), request("nope", { id: 2 }), 5];
    expect(await answerTo(batch)).toEqual([
      { jsonrpc: "2.0", id: 1, result: [] },
      failure(2, -32_601),
      failure(null, -32_600),
    ]);
  });

  test("of too many makes none of its calls", async () => {
    const { answer, calls } = server();
    const batch = (count: number) => JSON.stringify(Array.from({ length: count }, () => 1));
    expect(await answer(JSON.stringify(Array(21).fill(request("echo"))))).toEqual(
      failure(null, -32_600),
    );
    expect(calls).toEqual([]);
    expect(await answer(batch(21))).toEqual(failure(null, -32_600));
    expect(await answer(batch(20))).toHaveLength(20);
  });

  test("runs one call after the other", async () => {
    const events: string[] = [];
    const call: Caller = async (method) => {
      events.push(`${method} begins`);
      await Promise.resolve();
      events.push(`${method} ends`);
    };
    const answering = { call, take: () => undefined, onBug: () => undefined };
    await answerJson(JSON.stringify([request("a"), request("b")]), answering);
    expect(events).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  test("of notifications only has no answer", async () => {
    expect(await answerTo([request("echo", {}), request("echo", {})])).toBeUndefined();
  });

  test("without calls is refused", async () => {
    expect(await answerTo([])).toEqual(failure(null, -32_600));
  });
});

describe("refused", () => {
  test.each<[unknown, unknown]>([
    [{ method: "echo", id: 1 }, 1],
    [{ jsonrpc: "1.0", method: "echo", id: 1 }, 1],
    [{ jsonrpc: 2, method: "echo", id: "a" }, "a"],
    [{ jsonrpc: "2.0", id: 1 }, 1],
    [{ jsonrpc: "2.0", method: 5, id: 1 }, 1],
    [request("echo", { id: 1, params: "a" }), 1],
    [request("echo", { id: 1, params: null }), 1],
    [request("echo", { id: 1, params: 5 }), 1],
    [null, null],
    [5, null],
    ["echo", null],
  ])("%j", async (given, id) => {
    const { answer, calls } = server();
    expect(await answer(JSON.stringify(given))).toEqual(failure(id, -32_600));
    expect(calls).toEqual([]);
  });

  test.each([[""], ["{"], ["{'a': 1}"], ["NaN"]])("%j is no JSON", async (body) => {
    expect(await server().answer(body)).toEqual(failure(null, -32_700));
  });
});

test("any body has a JSON-RPC answer or none, and never breaks the server", async () => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        {
          jsonrpc: fc.constantFrom("2.0", "1.0", 2),
          method: fc.constantFrom("echo", "nope", "__proto__", 5),
          params: fc.jsonValue(),
          id: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((own) => JSON.stringify(own)),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const reply = await server().answer(body);
      for (const one of [reply].flat()) {
        if (one !== undefined) expect(one).toMatchObject({ jsonrpc: "2.0" });
      }
    }),
    { numRuns: 500 },
  );
});
