import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatFault, formatResponse } from "../../src/rpc/xml.ts";
import { BadRequest, parseCall } from "../../src/rpc/xmlcall.ts";

const callWith = (params: string): string =>
  `<?xml version='1.0'?>\n<methodCall>\n<methodName>a.b</methodName>\n${params}\n</methodCall>\n`;
const paramOf = (value: string): unknown => {
  const { method, params } = parseCall(callWith(`<params><param>${value}</param></params>`));
  expect(method).toBe("a.b");
  expect(params).toHaveLength(1);
  return params[0];
};

describe("a value", () => {
  test.each<[string, unknown]>([
    ["<value><int>-5</int></value>", -5],
    ["<value><i4>5</i4></value>", 5],
    ["<value> <int> 5 </int> </value>", 5],
    ["<value><double>-.5e3</double></value>", -500],
    ["<value><boolean> 1 </boolean></value>", false],
    [
      "<value><dateTime.iso8601>20261231T23:59:58</dateTime.iso8601></value>",
      new Date("2026-12-31T23:59:58"),
    ],
    ["<value><base64>\n w6k\n K </base64></value>", "é\n"],
    ["<value><double>1.5</double></value>", 1.5],
    ["<value><boolean>1</boolean></value>", true],
    ["<value><boolean>0</boolean></value>", false],
    ["<value><boolean>true</boolean></value>", false],
    ["<value><string>a</string></value>", "a"],
    ["<value><string> a\n b </string></value>", " a\n b "],
    ["<value><string></string></value>", ""],
    ["<value><string/></value>", ""],
    ["<value>untyped</value>", "untyped"],
    ["<value> untyped </value>", " untyped "],
    ["<value></value>", ""],
    ["<value><string>&lt;&amp;&gt;&quot;&apos;</string></value>", "<&>\"'"],
    ["<value><string>&#233;&#xE9;&#x1F600;</string></value>", "éé\u{1f600}"],
    ["<value><string>&amp;lt;&amp;#65;</string></value>", "&lt;&#65;"],
    ["<value><string><![CDATA[<b> &amp;]]></string></value>", "<b> &amp;"],
    ["<value><string>a<!-- no -->b</string></value>", "ab"],
    ["<value><base64>w6kK</base64></value>", "é\n"],
    ["<value><nil/></value>", null],
    ["<value><i8>5</i8></value>", "5"],
    ["<value><array><data></data></array></value>", []],
    [
      "<value><array><data>\n<value><int>1</int></value>\n<value>b</value>\n</data></array></value>",
      [1, "b"],
    ],
    [
      "<value><struct><member><name>a b</name><value><int>1</int></value></member></struct></value>",
      { "a b": 1 },
    ],
    ["<value><struct></struct></value>", {}],
  ])("%s is %j", (xml, expected) => {
    expect(paramOf(xml)).toEqual(expected);
  });

  test("a member named __proto__ is an ordinary member", () => {
    const member = "<member><name>__proto__</name><value><int>1</int></value></member>";
    const value = paramOf(`<value><struct>${member}</struct></value>`);
    expect(Object.entries(value as object)).toEqual([["__proto__", 1]]);
  });

  test.each([
    ["&nbsp;"],
    ["&constructor;"],
    ["&__proto__;"],
    ["&toString;"],
    ["&#x110000;"],
    ["&#1114112;"],
  ])("the entity %s stands for nothing that the server has", (entity) => {
    let value: unknown = entity;
    try {
      value = paramOf(`<value><string>${entity}</string></value>`);
    } catch (error) {
      expect(error).toBeInstanceOf(BadRequest);
    }
    expect(value).toBe(entity);
  });
});

describe("a call", () => {
  test.each<[string, unknown[]]>([
    ["", []],
    ["<params></params>", []],
    ["<params/>", []],
    ["<params><param><value>a</value></param><param><value>b</value></param></params>", ["a", "b"]],
    ["<params>\n <param>\n <value>a</value>\n </param>\n</params>", ["a"]],
  ])("%j", (params, expected) => {
    expect(parseCall(callWith(params))).toEqual({ method: "a.b", params: expected });
  });

  test("needs no declaration, and its name is as it is written", () => {
    const bare = "<methodCall>\n<methodName>\n a.b </methodName></methodCall>\n";
    expect(parseCall(bare)).toEqual({ method: "\n a.b ", params: [] });
  });
});

const only = (value: string): string =>
  callWith(`<params><param><value>${value}</value></param></params>`);

/** A call after a document type, with `&x;` as its parameter. */
const typed = (doctype: string): string =>
  `<?xml version='1.0'?>\n${doctype}\n<methodCall><methodName>a.b</methodName>` +
  "<params><param><value>&x;</value></param></params></methodCall>";

const bomb = [..."abcdefghij", "x"].map(
  (name, index) =>
    `<!ENTITY ${name} "${index === 0 ? "boom" : `&${"abcdefghij"[index - 1]};`.repeat(10)}">`,
);

describe("refused", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["no XML", "hello"],
    ["JSON", '{"jsonrpc": "2.0"}'],
    ["half a call", "<methodCall><methodName>a.b</methodName>"],
    ["crossed elements", "<methodCall><methodName>a.b</methodCall></methodName>"],
    ["another element", "<methodResponse><params/></methodResponse>"],
    ["no method", "<methodCall></methodCall>"],
    ["an empty method", "<methodCall><methodName></methodName></methodCall>"],
    ["a method elsewhere", "<methodCall><params><methodName>a</methodName></params></methodCall>"],
    ["a param without a value", callWith("<params><param></param></params>")],
    [
      "a number that is none",
      callWith("<params><param><value><int>x</int></value></param></params>"),
    ],
    ["a date that is none", only("<dateTime.iso8601>20261399T00:00:00</dateTime.iso8601>")],
    ["base64 that is none", only("<base64>A</base64>")],
    ["base64 of no text", only("<base64>/w==</base64>")],
    ["a part of a number", only("<int>1.5</int>")],
    ["a number in hex", only("<int>0x10</int>")],
    ["a number without end", only("<double>1e999</double>")],
    ["an array without data", only("<array/>")],
    ["a member without a name", only("<struct><member><value>a</value></member></struct>")],
    ["an empty number", callWith("<params><param><value><int></int></value></param></params>")],
    [
      "a member without a value",
      callWith(
        "<params><param><value><struct><member><name>a</name></member></struct></value></param></params>",
      ),
    ],
    ["a document type", typed("<!DOCTYPE methodCall>")],
    ["an entity", typed('<!DOCTYPE m [<!ENTITY x "y">]>')],
    ["an entity bomb", typed(`<!DOCTYPE m [${bomb.join("")}]>`)],
    ["an external entity", typed('<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>')],
    [
      "an endless nest",
      callWith(
        `<params><param>${"<value><array><data>".repeat(50_000)}${"</data></array></value>".repeat(50_000)}</param></params>`,
      ),
    ],
  ])("%s", (_, xml) => {
    expect(() => parseCall(xml)).toThrow(BadRequest);
  });
});

test("any bytes are a call or a bad request", () => {
  const part = fc.oneof(
    fc.constantFrom(
      ...[
        "<methodCall>",
        "</methodCall>",
        "<methodName>",
        "a.b",
        "</methodName>",
        "<params>",
        "</params>",
      ],
      ...[
        "<param>",
        "</param>",
        "<value>",
        "</value>",
        "<int>",
        "1",
        "</int>",
        "<array>",
        "<data>",
        "<struct>",
      ],
      ...[
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&",
        "&#xD800;",
        "&#9999999;",
        "<?",
        "?>",
        "<__proto__>",
        "<x a='",
        "'/>",
      ],
    ),
    fc.string({ maxLength: 3 }),
  );
  const xml = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(xml, xml.map(callWith)), (own) => {
      try {
        const { method, params } = parseCall(own);
        expect(method).not.toBe("");
        expect(params).toBeInstanceOf(Array);
      } catch (error) {
        expect(error).toBeInstanceOf(BadRequest);
      }
    }),
    { numRuns: 2_000 },
  );
});

describe("an answer", () => {
  test("is written as supervisord writes it", () => {
    expect(formatResponse(["a", 1, true]).toString()).toBe(
      "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n" +
        "<value><string>a</string></value>\n<value><int>1</int></value>\n<value><boolean>1</boolean></value>\n" +
        "</data></array></value>\n</param>\n</params>\n</methodResponse>\n",
    );
  });

  test("a fault too", () => {
    expect(formatFault(10, "BAD_NAME: <x>").toString()).toBe(
      "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n" +
        "<member>\n<name>faultCode</name>\n<value><int>10</int></value>\n</member>\n" +
        "<member>\n<name>faultString</name>\n<value><string>BAD_NAME: &lt;x&gt;</string></value>\n</member>\n" +
        "</struct></value>\n</fault>\n</methodResponse>\n",
    );
  });

  test("control characters in a log do not make the answer unreadable", () => {
    expect(answered("\u0000\u001b[31mred\u001b[0m\ufffe")).toBe(
      "\ufffd\ufffd[31mred\ufffd[0m\ufffd",
    );
  });

  test("null is what most clients read as such", () => {
    expect(String(formatResponse({ code: null }))).toContain("<value><nil/></value>");
  });

  test.each([[undefined], [Symbol("x")]])("%s has no XML-RPC type: that is a bug", (value) => {
    expect(() => formatResponse(value)).toThrow(TypeError);
  });
});

/** What a client reads: the answer's value, put into a call. */
function answered(value: unknown): unknown {
  const body = /<params>.*<\/params>/s.exec(formatResponse(value).toString())?.[0] ?? "";
  return parseCall(callWith(body)).params[0];
}

test("every value comes back as it was: any string, number, array, struct", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 8 })
    .map((own) => own.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "x"));
  const name = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "#text", "value"));
  const { value } = fc.letrec((self) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(text, fc.constantFrom(" ", "\r\n", "]]>", "&amp;", "<![CDATA[x]]>", "&#13;", "")),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((own) => own || 0),
      fc.array(self("value"), { maxLength: 4 }),
      fc.dictionary(name, self("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (own) => {
      expect(answered(own)).toEqual(own);
    }),
    { numRuns: 1_000 },
  );
});
