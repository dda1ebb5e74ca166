import { XMLParser, XMLValidator } from "fast-xml-parser";

/** The request is no XML-RPC call: HTTP 400. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}

export interface Call {
  method: string;
  params: unknown[];
}

const TEXT = "#text";
const CDATA = "#cdata";

/** Entities are not expanded by the parser: the five of XML itself are undone below, others stay. */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  trimValues: false,
  parseTagValue: false,
  processEntities: false,
  cdataPropName: CDATA,
});

/** An element as the parser gives it: one key, its name, holding the nodes inside. */
type Node = Record<string, unknown>;

/** @throws BadRequest when the text is not XML or holds no method call */
export function parseCall(xml: string): Call {
  // A call has no use for a document type, and entity bombs live there.
  if (/<!DOCTYPE/i.test(xml)) throw new BadRequest("document types are not accepted");
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new BadRequest(valid.err.msg);
  const call = find(parse(xml), "methodCall");
  const name = call && find(call, "methodName");
  const method = name ? textOf(name).trim() : "";
  if (!call || method === "") throw new BadRequest("expected a methodCall with a methodName");
  const params = find(call, "params") ?? [];
  return {
    method,
    params: children(params, "param").map((param) => readValue(find(param, "value"))),
  };
}

function parse(xml: string): Node[] {
  try {
    return parser.parse(xml) as Node[];
  } catch (error) {
    throw new BadRequest(String(error), { cause: error });
  }
}

const find = (nodes: readonly Node[], tag: string): Node[] | undefined => children(nodes, tag)[0];

const children = (nodes: readonly Node[], tag: string): Node[][] =>
  nodes.flatMap((node) => (Object.hasOwn(node, tag) ? [node[tag] as Node[]] : []));

function textOf(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      if (Object.hasOwn(node, TEXT)) return decode(String(node[TEXT]));
      if (Object.hasOwn(node, CDATA)) {
        return (node[CDATA] as Node[]).map((inner) => String(inner[TEXT])).join("");
      }
      return "";
    })
    .join("");
}

const named = new Map(Object.entries({ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }));

function decode(escaped: string): string {
  return escaped.replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return named.get(name) ?? whole;
      const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

function readValue(nodes: readonly Node[] | undefined): unknown {
  if (!nodes) throw new BadRequest("expected a value in every param");
  for (const node of nodes) {
    const [type] = Object.keys(node);
    if (type === undefined || type === TEXT || type === CDATA) continue;
    return readTyped(type, node[type] as Node[]);
  }
  return textOf(nodes);
}

function readTyped(type: string, nodes: readonly Node[]): unknown {
  switch (type) {
    case "int":
    case "i4":
    case "double":
      return readNumber(textOf(nodes));
    case "boolean":
      return textOf(nodes).trim() === "1";
    case "nil":
      return null;
    case "base64":
      return Buffer.from(textOf(nodes), "base64").toString("utf8");
    case "array":
      return children(find(nodes, "data") ?? [], "value").map(readValue);
    case "struct":
      return Object.fromEntries(
        children(nodes, "member").map((member) => [
          textOf(find(member, "name") ?? []),
          readValue(find(member, "value")),
        ]),
      );
    default:
      return textOf(nodes);
  }
}

function readNumber(digits: string): number {
  const number = Number(digits);
  if (digits.trim() === "" || Number.isNaN(number)) throw new BadRequest(`not a number: ${digits}`);
  return number;
}

const head = "<?xml version='1.0'?>\n<methodResponse>\n";

export const formatResponse = (result: unknown): string =>
  `${head}<params>\n<param>\n<value>${formatValue(result)}</value>\n</param>\n</params>\n</methodResponse>\n`;

export const formatFault = (code: number, message: string): string =>
  `${head}<fault>\n<value>${formatValue({ faultCode: code, faultString: message })}</value>\n</fault>\n</methodResponse>\n`;

function formatValue(value: unknown): string {
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`;
    case "boolean":
      return `<boolean>${value ? 1 : 0}</boolean>`;
    case "string":
      return `<string>${escapeText(value)}</string>`;
  }
  if (typeof value !== "object" || value === null) throw new TypeError(`no XML-RPC type: ${value}`);
  // Plain concatenation: this is where the time of a large answer goes.
  let inner = "";
  if (Array.isArray(value)) {
    for (const item of value) inner += `<value>${formatValue(item)}</value>\n`;
    return `<array><data>\n${inner}</data></array>`;
  }
  for (const [key, item] of Object.entries(value)) {
    inner += `<member>\n<name>${escapeText(key)}</name>\n<value>${formatValue(item)}</value>\n</member>\n`;
  }
  return `<struct>\n${inner}</struct>`;
}

/**
 * What cannot stand in XML as it is: three characters that mean something, carriage returns, which
 * parsers turn into newlines, and what XML 1.0 cannot carry at all, as in logs with colours.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const special = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

/** Almost every string of an answer passes as it is. */
const plain = /^[\w /.:,-]*$/;

const escapeText = (raw: string): string =>
  plain.test(raw)
    ? raw
    : raw.toWellFormed().replaceAll(special, (character) => escapes[character] ?? "\ufffd");
