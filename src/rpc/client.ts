import type { ClientRequest, IncomingMessage } from "node:http";
import { NEWEST_EVENT } from "../events/json.ts";
import { Fault, type FaultName, isFaultName } from "../faults.ts";
import type { MethodName, Params, Result } from "./methods.ts";
import { NotHttp, type Place, type Posted, post } from "./post.ts";

export interface ServerAddress {
  /** As people write it: `unix:///path/to/socket` or `http://host:port`. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
}

/** The server cannot be talked to. `reason` is the kernel's error name, or what came instead. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

export interface Client {
  readonly url: string;
  /** @throws Fault from the method; ServerError when there is no drover to answer */
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
  /**
   * Passes a growing log to `onData` until the server ends it or `signal` aborts.
   * @throws ServerError, with `reason` "status code N" when there is no such log
   */
  follow(path: string, onData: (chunk: Buffer) => void, signal: AbortSignal): Promise<void>;
  /**
   * Passes what a query of logs gives to `onData`, until its end or until `signal` aborts.
   * @param names of processes, groups or "all"
   * @throws Fault; ServerError, also when the server ends it before its end
   */
  readLogs(
    names: readonly string[],
    parameters: Readonly<Record<string, string>>,
    onData: (chunk: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** As readLogs, for who takes it piece by piece. */
  logs(
    names: readonly string[],
    parameters: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer, void>;
  /**
   * Events, one JSON object a line, as they are taken.
   * @param onStart told the number of the newest event that there is, before any comes
   * @throws Fault; ServerError
   */
  events(
    parameters: Readonly<Record<string, string>>,
    onStart: (newest: number) => void,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer, void>;
}

/** A client of the JSON-RPC interface, typed by the method table. */
export function connect(address: ServerAddress): Client {
  const open = async (path: string): Promise<ClientRequest> => {
    // Only streams need it.
    const { request } = await import("node:http");
    const place = placeOf(address.url);
    const to = "path" in place ? { socketPath: place.path } : place;
    const asked = { ...to, path, headers: headersFor(address) };
    // A name for TLS, which there is none of; else Node looks for one, for as long as the call takes.
    return request({ ...asked, agent: false, ...{ servername: "" } });
  };
  return {
    url: address.url,
    async call(method, params) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const headers = headersFor(address);
      try {
        return readReply(await post(placeOf(address.url), "/rpc", { headers, body }));
      } catch (error) {
        throw error instanceof Fault ? error : asServerError(error);
      }
    },
    follow: (path, onData, signal) =>
      stream(
        () => open(path),
        { onData, signal },
        ({ statusCode }) => {
          if (statusCode !== 200) throw new ServerError(`status code ${statusCode}`);
        },
      ),
    async readLogs(names, parameters, onData, signal) {
      for await (const chunk of this.logs(names, parameters, signal)) onData(chunk);
    },
    logs(names, parameters, signal) {
      const path = `/logs/${names.map(encodeURIComponent).join("/")}`;
      const query = new URLSearchParams(parameters);
      return chunksOf(() => open(`${path}?${query}`), signal, expectContent);
    },
    events(parameters, onStart, signal) {
      const query = new URLSearchParams(parameters);
      return chunksOf(
        () => open(`/events?${query}`),
        signal,
        async (response) => {
          await expectContent(response);
          onStart(Number(response.headers[NEWEST_EVENT.toLowerCase()]));
        },
      );
    },
  };
}

/** @throws Fault or ServerError that the answer has instead */
async function expectContent(response: IncomingMessage): Promise<void> {
  if (response.statusCode === 200) return;
  throw refusal((await readAll(response)).trimEnd(), response.statusCode ?? 0);
}

interface Receiver {
  onData(chunk: Buffer): void;
  signal: AbortSignal;
}

type Opening = () => Promise<ClientRequest>;

/** Looks at the answer before its content. @throws what to make of one that is not the stream */
type Look = (response: IncomingMessage) => void | Promise<void>;

async function stream(opening: Opening, { onData, signal }: Receiver, look: Look): Promise<void> {
  for await (const chunk of chunksOf(opening, signal, look)) onData(chunk);
}

/** As they are taken; the server waits meanwhile. Ends when the signal aborts. */
async function* chunksOf(
  opening: Opening,
  signal: AbortSignal | undefined,
  look: Look,
): AsyncGenerator<Buffer, void> {
  const outgoing = await opening();
  const abort = () => outgoing.destroy();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const response = await answer(outgoing);
    await look(response);
    for await (const chunk of response) yield chunk;
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (!signal?.aborted) throw asServerError(error);
  } finally {
    signal?.removeEventListener("abort", abort);
    outgoing.destroy();
  }
}

function refusal(body: string, status: number): Error {
  if (status === 401) return new ServerError("401");
  const [name = ""] = body.split(":", 1);
  if (isFaultName(name)) return new Fault(name, detailOf(name, body));
  return new ServerError(status === 503 ? "503" : `status code ${status}`);
}

/** @throws ServerError */
function placeOf(url: string): Place {
  if (url.startsWith("unix://")) return { path: url.slice("unix://".length) };
  if (!url.startsWith("http://")) throw new ServerError(`Unknown protocol for serverurl ${url}`);
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port || 80) };
}

function headersFor({ username, password }: ServerAddress): Record<string, string> {
  if (!username || !password) return {};
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return { Authorization: `Basic ${basic}` };
}

function answer(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", (error) => reject(asServerError(error)));
    outgoing.end();
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk);
  } catch (error) {
    throw asServerError(error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function asServerError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  if (error instanceof NotHttp) return new ServerError("not drover", { cause: error });
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return new ServerError(code, { cause: error });
}

interface Reply {
  result?: unknown;
  error?: { code: number; message: string; data?: { fault?: string } };
}

function readReply<T>({ body, status }: Posted): T {
  if (status === 401) throw new ServerError("401");
  if (status === 503) throw new ServerError("503");
  if (status !== 200) throw new ServerError("not drover");
  let reply: Reply;
  try {
    reply = JSON.parse(body) as Reply;
  } catch (error) {
    throw new ServerError("not drover", { cause: error });
  }
  const { error } = reply;
  if (!error) return reply.result as T;
  const fault = error.data?.fault ?? "";
  if (!isFaultName(fault)) throw new ServerError(error.message);
  throw new Fault(fault, detailOf(fault, error.message));
}

/** A fault's message is its name and its detail; here it is taken apart again. */
const detailOf = (fault: FaultName, message: string): string | undefined =>
  message.startsWith(`${fault}: `) ? message.slice(fault.length + 2) : undefined;
