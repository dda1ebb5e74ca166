/** The XML-RPC of any server that speaks it, with another reader than drover's own. */

import http from "node:http";
import { XMLParser } from "fast-xml-parser";

export type Info = Record<string, unknown>;

/** Calls a method without parameters; undefined when there is no server, or no such method. */
export function ask(socketPath: string, method: string): Promise<Info[] | undefined> {
  const body = `<methodCall><methodName>${method}</methodName><params/></methodCall>`;
  return new Promise((resolve) => {
    const request = http.request({
      socketPath,
      path: "/RPC2",
      method: "POST",
      headers: { "Content-Type": "text/xml", "Content-Length": Buffer.byteLength(body) },
    });
    request.on("error", () => resolve(undefined));
    request.on("response", async (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("close", () => resolve(readResponse(text)));
    });
    request.end(body);
  });
}

const xml = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === "value" || name === "member",
});

function readResponse(text: string): Info[] | undefined {
  if (!text.includes("</methodResponse>")) return undefined;
  const [value] = xml.parse(text).methodResponse?.params?.param?.value ?? [];
  const read = readValue(value);
  return Array.isArray(read) ? (read as Info[]) : undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: what the parser gives has no type
function readValue(value: any): unknown {
  if (typeof value !== "object" || value === null) return String(value ?? "");
  if ("int" in value) return Number(value.int);
  if ("i4" in value) return Number(value.i4);
  if ("boolean" in value) return value.boolean === "1";
  if ("array" in value) return (value.array.data?.value ?? []).map(readValue);
  if (!("struct" in value)) return String(value.string ?? "");
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: as above
    value.struct.member.map((member: any) => [member.name, readValue(member.value[0])]),
  );
}
