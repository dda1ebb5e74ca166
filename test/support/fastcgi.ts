import type { NetConnectOpts } from "node:net";
import { say } from "./sockets.ts";

const BEGIN = 1;
const PARAMS = 4;
const STDIN = 5;
const STDOUT = 6;
const HEADER_BYTES = 8;

function record(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(1, 0); // version
  header.writeUInt8(type, 1);
  header.writeUInt16BE(1, 2); // request
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, content]);
}

function parameter([name, value]: [string, string]): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length + 0x8000_0000);
  return Buffer.concat([Buffer.from([name.length]), length, Buffer.from(name), bytes]);
}

/** Asks a FastCGI server to run a script; what it answers, with its headers. */
export async function requestScript(to: NetConnectOpts, script: string): Promise<string> {
  const parameters = Object.entries({
    REQUEST_METHOD: "GET",
    SCRIPT_FILENAME: script,
    QUERY_STRING: "name=drover",
    SERVER_PROTOCOL: "HTTP/1.1",
    GATEWAY_INTERFACE: "CGI/1.1",
  });
  const responder = Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]);
  const answer = await say(
    to,
    Buffer.concat([
      record(BEGIN, responder),
      record(PARAMS, Buffer.concat(parameters.map(parameter))),
      record(PARAMS, Buffer.alloc(0)),
      record(STDIN, Buffer.alloc(0)),
    ]),
  );
  const output: Buffer[] = [];
  for (let at = 0; at < answer.length; ) {
    const end = at + HEADER_BYTES + answer.readUInt16BE(at + 4);
    if (answer.readUInt8(at + 1) === STDOUT) output.push(answer.subarray(at + HEADER_BYTES, end));
    at = end + answer.readUInt8(at + 6); // padding
  }
  return Buffer.concat(output).toString();
}
