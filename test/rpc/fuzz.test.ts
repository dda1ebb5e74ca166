import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import path from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { readEventQuery } from "../../src/events/query.ts";
import { Fault } from "../../src/faults.ts";
import { Bodies } from "../../src/rpc/body.ts";
import { Connections } from "../../src/rpc/connections.ts";
import { dispatch } from "../../src/rpc/dispatch.ts";
import { Door, type Gate } from "../../src/rpc/door.ts";
import { createListener, type Service } from "../../src/rpc/http.ts";
import { answerJson } from "../../src/rpc/jsonrpc.ts";
import { type Handlers, methods } from "../../src/rpc/methods.ts";
import { formatResponse } from "../../src/rpc/xml.ts";
import { BadRequest, parseCall } from "../../src/rpc/xmlcall.ts";
import { root, tempDir } from "../support/daemon.ts";

/**
 * What is fuzzed starts from the inputs in `corpus`, each of which is tried as it is first. One that
 * fails is added there, as small as it could be made, and is tried from then on.
 */
const corpus = path.join(root, "test/rpc/corpus");
type Kind = "xml" | "json" | "http";
/** Each kind may take so long. `FUZZ_MS` is for who wants to look further. */
const LASTS_MS = Number(process.env.FUZZ_MS ?? 1_500);

/** Bytes as text, one character each: so nothing is lost in mutating them. */
const seedsOf = (kind: Kind): string[] =>
  readdirSync(path.join(corpus, kind)).map((name) =>
    readFileSync(path.join(corpus, kind, name), "latin1"),
  );

const tokens: Record<Kind, readonly string[]> = {
  xml: [
    ...["<value>", "</value>", "<value/>", "<struct>", "</member>", "<name>", "<data/>", "<int>"],
    ...[
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      "<!DOCTYPE",
      "&amp;",
      "&#x0;",
      "\0",
      "\u00ff",
      "<?",
      "?>",
    ],
    ...["-1", "1e999", "99999999999999999999", "nan", "xmlns='x'", "supervisor.", "__proto__"],
  ],
  json: [
    ...['"jsonrpc":"2.0",', '"id":1,', '"method":', '"params":', "[", "]", "{", "}", ",", ":", '"'],
    ...["null", "1e999", "-0", "\\ud800", "\u00ff", '"__proto__":', "system.multicall", "[[[[[["],
  ],
  http: [
    ...["\r\n", "\r\n\r\n", "\r", "\n", "\0", " ", ":", "HTTP/1.1", "HTTP/9.9", "%00", "%zz", "//"],
    ...[
      "Content-Length: 0\r\n",
      "Content-Length: 99999999999\r\n",
      "Transfer-Encoding: chunked\r\n",
    ],
    ...[
      "Connection: close\r\n",
      "Connection: Upgrade\r\n",
      "Expect: x\r\n",
      "ffffffffffffffff\r\n",
    ],
    ...["GET /logs/x HTTP/1.1\r\n\r\n", "POST ", "\u00ff\u00fe", "0\r\n\r\n", "Host: \r\n"],
  ],
};

/** A seed with some changes: parts left out, and parts put in, of other seeds too. */
function mutated(kind: Kind): fc.Arbitrary<string> {
  const seeds = seedsOf(kind);
  const insert = fc.oneof(
    fc.constantFrom("", ...tokens[kind]),
    fc.string({ unit: "binary", maxLength: 3 }).map((text) => Buffer.from(text).toString("latin1")),
    fc
      .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat({ max: 60 }))
      .map(([seed, at, length]) => seed.slice(at % seed.length).slice(0, length)),
  );
  const change = fc.record({ at: fc.nat(), remove: fc.constantFrom(0, 0, 1, 2, 8, 40), insert });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([seed, changes]) =>
      changes.reduce((text, { at, remove, insert: part }) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + part + text.slice(from + remove);
      }, seed),
    );
}

/** Tries the corpus, and what is made of it for as long as there is time. */
async function fuzz(kind: Kind, tried: (input: Buffer) => Promise<void>): Promise<void> {
  for (const seed of seedsOf(kind)) await tried(Buffer.from(seed, "latin1"));
  const property = fc.asyncProperty(mutated(kind), (text) => tried(Buffer.from(text, "latin1")));
  const found = await fc.check(property, {
    numRuns: 1_000_000,
    interruptAfterTimeLimit: LASTS_MS,
    markInterruptAsFailure: false,
  });
  const [input] = found.counterexample ?? [];
  if (!found.failed || input === undefined) return;
  const name = createHash("sha256").update(input).digest("hex").slice(0, 8);
  writeFileSync(path.join(corpus, kind, `failed-${name}`), input, "latin1");
  throw new Error(`corpus/${kind}/failed-${name}: ${JSON.stringify(input)}`, {
    cause: found.errorInstance,
  });
}

const MOST_CALLS = 50;

/** Handlers that answer with what they were given; some with a fault. */
const echo = Object.fromEntries(
  Object.keys(methods).map((name) => [
    name,
    (params: Record<string, unknown>) => {
      if (name.endsWith("Process")) throw new Fault("BAD_NAME", String(params.name));
      return [name, JSON.stringify(params)];
    },
  ]),
) as unknown as Handlers;

test("XML-RPC: any text is a call that is answered, or a bad request", async () => {
  await fuzz("xml", async (input) => {
    let call: ReturnType<typeof parseCall>;
    try {
      call = parseCall(input.toString("utf8"));
    } catch (error) {
      expect(error).toBeInstanceOf(BadRequest);
      return;
    }
    const { method, params } = call;
    expect(method).not.toBe("");
    try {
      formatResponse(await dispatch(echo, method, params));
    } catch (error) {
      expect(error).toBeInstanceOf(Fault);
    }
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });
});

test("JSON-RPC: any text has an answer in JSON, or none", async () => {
  const bugs: unknown[] = [];
  const gate: Pick<Gate, "take"> = {
    take(count) {
      if (count > MOST_CALLS) throw new Fault("INCORRECT_PARAMETERS", "too many");
    },
  };
  await fuzz("json", async (input) => {
    const text = await answerJson(input.toString("utf8"), {
      call: (method, params) => dispatch(echo, method, params),
      take: gate.take,
      onBug: (error) => bugs.push(error),
    });
    for (const reply of [text === undefined ? [] : JSON.parse(text)].flat()) {
      expect(reply).toMatchObject({ jsonrpc: "2.0" });
    }
    expect(bugs).toEqual([]);
  });
});

test("HTTP: any bytes have answers of HTTP or none, and the next client has its own", async () => {
  const bugs: unknown[] = [];
  const file = path.join(tempDir(), "s");
  const listener = createListener(serviceWith((where, error) => bugs.push([where, error])));
  const server = createServer({ keepAliveTimeout: 0, requireHostHeader: false });
  new Connections(server, { most: 20, idleMs: 5_000, requestMs: 5_000 }, listener);
  await new Promise<void>((resolve) => server.listen(file, resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const good = Buffer.from(
    'POST /rpc HTTP/1.1\r\nConnection: close\r\nContent-Length: 54\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"supervisor.getPID" }\n',
  );
  await fuzz("http", async (input) => {
    const said = await say(file, input, PATIENCE_MS);
    if (said !== "") expect(said).toMatch(/^HTTP\/1\.1 \d{3} /);
    expect(said).not.toMatch(/^HTTP\/1\.1 500 /m);
    expect(await say(file, good, 10_000)).toMatch(/^HTTP\/1\.1 200 .*supervisor\.getPID/s);
    expect(bugs).toEqual([]);
  });
});

function serviceWith(onBug: Service["onBug"]): Service {
  const log = () => Readable.from([Buffer.from("a log\n")]);
  return {
    handlers: echo,
    logs: {
      follow: async (name) =>
        name === "web:*" ? { content: log(), modified: new Date(0) } : undefined,
      followMain: async () => ({ content: log(), modified: new Date(0) }),
      async read(names) {
        if (names.length > 2) throw new Fault("BAD_NAME", names.join());
        return { type: "text", content: log() };
      },
    },
    events: {
      async read(parameters) {
        readEventQuery(parameters);
        return { newest: 0, content: Readable.from([]) };
      },
    },
    door: new Door({
      login: undefined,
      hosts: ["y"],
      rules: undefined,
      maxCalls: MOST_CALLS,
      callerOf: () => ({ by: "unix" }),
      audit: { done: () => undefined, refused: () => undefined },
    }),
    bodies: new Bodies(4_096),
    onBug,
  };
}

/** So long an answer has to begin before the client says that it has no more to say. */
const PATIENCE_MS = 2;

/** All that is answered until the server closes. */
function say(file: string, input: Buffer, patienceMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(file, () => socket.write(input));
    const impatient = setTimeout(() => socket.end(), patienceMs);
    let said = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      said += chunk;
    });
    // What it does not want to read any more it may close before it has it.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(impatient);
      resolve(said);
    });
  });
}
