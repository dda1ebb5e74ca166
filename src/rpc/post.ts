import { connect, type Socket } from "node:net";

/** Where a server listens. */
export type Place = { path: string } | { host: string; port: number };

export interface Posted {
  status: number;
  body: string;
}

/** What came is no answer in HTTP. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";
}

const END_OF_HEAD = "\r\n\r\n";

/**
 * Posts JSON, on a connection of its own. In HTTP/1.0, in which an answer has no parts and ends with
 * its connection: to load all of `node:http` takes a third of the time of such a call.
 * @throws NotHttp; what the socket throws, and ECONNRESET for half an answer
 */
export async function post(
  place: Place,
  path: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: string },
): Promise<Posted> {
  const all = {
    Host: "path" in place ? "localhost" : `${bracketed(place.host)}:${place.port}`,
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // The answer's end closes the connection by itself otherwise, before the answer is looked at.
  const socket = connect({ ...place, allowHalfOpen: true });
  try {
    // Not ended: who sees the end of what is asked may take it for a caller that has gone.
    socket.write(`POST ${path} HTTP/1.0\r\n${lines.join("")}\r\n${body}`);
    return await readAnswer(socket);
  } finally {
    // To close takes Node a millisecond: after what waits for the answer, which may end the process.
    setImmediate(() => socket.destroy());
  }
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function readAnswer(socket: Socket): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const settle = (error: unknown) => {
      try {
        resolve(parse(Buffer.concat(chunks)));
      } catch (unread) {
        reject(chunks.length === 0 ? (error ?? unread) : unread);
      }
    };
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => settle(undefined));
    // The answer may have come before what is left of the question was refused.
    socket.on("error", settle);
  });
}

function parse(answer: Buffer): Posted {
  if (answer.length === 0) throw reset();
  const end = answer.indexOf(END_OF_HEAD);
  const head = answer.toString("latin1", 0, end < 0 ? answer.length : end);
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head) ?? [];
  if (status === undefined) throw new NotHttp("no HTTP");
  const body = answer.subarray(end + END_OF_HEAD.length);
  const [, length] = /\r\ncontent-length: *(\d+) *(?:\r|$)/i.exec(head) ?? [];
  if (end < 0 || (length !== undefined && body.length < Number(length))) throw reset();
  return { status: Number(status), body: body.toString("utf8") };
}

const reset = (): Error => Object.assign(new Error("half an answer"), { code: "ECONNRESET" });
