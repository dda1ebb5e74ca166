import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { Fault, type FaultName } from "../faults.ts";
import { type Credentials, isAuthorized } from "./auth.ts";
import { dispatch, dispatchPlain } from "./dispatch.ts";
import { answerJson } from "./jsonrpc.ts";
import type { Handlers } from "./methods.ts";

/** What a query has given. */
export interface LogContent {
  type: "text" | "json";
  content: Readable;
}

/** Logs, for those who ask by HTTP. */
export interface LogService {
  /** A log as it grows; undefined when there is none by that name. @throws Fault */
  follow(name: string, stream: string): Promise<Readable | undefined>;
  followMain(): Promise<Readable | undefined>;
  /**
   * @param names of processes, groups or "all"
   * @param signal whoever asked has gone
   * @throws Fault
   */
  read(
    names: readonly string[],
    parameters: URLSearchParams,
    signal: AbortSignal,
  ): Promise<LogContent>;
}

export interface Service {
  handlers: Handlers;
  logs: LogService;
  credentials: Credentials | undefined;
  /** Is told what went wrong inside, with a line about where. */
  onBug(where: string, error: unknown): void;
}

/** More than any call needs; a longer body is refused. */
const LONGEST_BODY = 4 * 2 ** 20;

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Serves XML-RPC at /RPC2, JSON-RPC at /rpc, logs at /logs, and growing logs at /logtail and /mainlogtail. */
export function createListener(service: Service): RequestListener {
  return (request, response) => {
    route(service, request, response).catch((error: unknown) => {
      const status = error instanceof HttpError ? error.status : 500;
      if (status === 500) service.onBug(`${request.method} ${request.url}`, error);
      if (response.headersSent) response.destroy();
      else
        sendText(response, status, error instanceof HttpError ? error.message : "internal error");
    });
  };
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse) {
  const { credentials } = service;
  if (credentials && !isAuthorized(request.headers.authorization, credentials)) {
    response.setHeader("WWW-Authenticate", 'Basic realm="default"');
    throw new HttpError(401, "this server needs a username and a password");
  }
  const { pathname, parameters } = parseUrl(request.url ?? "/");
  if (pathname.startsWith("/RPC2")) {
    const body = await readPost(request);
    send(response, 200, "text/xml", await answerXml(service, body));
  } else if (pathname === "/rpc") {
    const body = await readPost(request);
    const call = (method: string, params: Parameters<typeof dispatch>[2]) =>
      dispatch(service.handlers, method, params);
    const answer = await answerJson(body, call, (error) => service.onBug("/rpc", error));
    if (answer === undefined) response.writeHead(204).end();
    else send(response, 200, "application/json", answer);
  } else if (pathname.startsWith("/logtail/")) {
    const [, , name = "", stream = "stdout"] = pathname.split("/");
    await follow(request, response, () => service.logs.follow(decodeURIComponent(name), stream));
  } else if (pathname === "/mainlogtail") {
    await follow(request, response, () => service.logs.followMain());
  } else if (pathname.startsWith("/logs/")) {
    const names = pathname.slice("/logs/".length).split("/").map(decodeURIComponent);
    await readLogs(request, response, (signal) => service.logs.read(names, parameters, signal));
  } else {
    throw new HttpError(404, `nothing is served at ${pathname}`);
  }
}

function parseUrl(url: string): { pathname: string; parameters: URLSearchParams } {
  try {
    const { pathname, searchParams } = new URL(url, "http://unix");
    decodeURIComponent(pathname);
    return { pathname, parameters: searchParams };
  } catch (error) {
    throw new HttpError(400, `not a path: ${error}`);
  }
}

async function answerXml({ handlers, onBug }: Service, body: string): Promise<string> {
  // Loaded by the first client that speaks it: droverctl does not.
  const { BadRequest, formatFault, formatResponse, parseCall } = await import("./xml.ts");
  try {
    const { method, params } = parseCall(body);
    return formatResponse(await dispatchPlain(handlers, method, params));
  } catch (error) {
    if (error instanceof BadRequest) throw new HttpError(400, error.message);
    if (error instanceof Fault) return formatFault(error.code, error.message);
    onBug("/RPC2", error);
    throw new HttpError(500, "internal error; see the log");
  }
}

async function readPost(request: IncomingMessage): Promise<string> {
  if (request.method !== "POST") throw new HttpError(400, "expected a POST");
  // No page in a browser has business here, whatever it was told to fetch.
  if (request.headers.origin !== undefined) throw new HttpError(403, "not for browsers");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LONGEST_BODY) throw new HttpError(413, `a body may have ${LONGEST_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function follow(
  request: IncomingMessage,
  response: ServerResponse,
  open: () => Promise<Readable | undefined>,
) {
  if (request.method !== "GET") throw new HttpError(400, "expected a GET");
  const log = await open().catch((error: unknown) => Promise.reject(asHttpError(error)));
  if (!log) throw new HttpError(404, "there is no such log");
  pass(log, response, "text/plain;charset=utf-8");
}

async function readLogs(
  request: IncomingMessage,
  response: ServerResponse,
  read: (signal: AbortSignal) => Promise<LogContent>,
) {
  if (request.method !== "GET") throw new HttpError(400, "expected a GET");
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const { type, content } = await read(gone.signal);
    pass(content, response, types[type]);
  } catch (error) {
    // Nobody is there to be answered.
    if (!gone.signal.aborted) throw asHttpError(error);
  }
}

const types: Record<LogContent["type"], string> = {
  text: "text/plain;charset=utf-8",
  json: "application/x-ndjson",
};

function pass(log: Readable, response: ServerResponse, type: string): void {
  // A proxy in between is to pass on what it gets, not to collect it.
  response.writeHead(200, { "Content-Type": type, "X-Accel-Buffering": "no" });
  response.flushHeaders();
  // A client that goes away is how every one of these that follows ends.
  pipeline(log, response, () => undefined);
}

const statusOfFault: Partial<Record<FaultName, number>> = {
  BAD_NAME: 404,
  NO_FILE: 404,
  BAD_ARGUMENTS: 400,
};

/** A fault's name comes first, so that clients know it again. */
const asHttpError = (error: unknown): unknown =>
  error instanceof Fault ? new HttpError(statusOfFault[error.fault] ?? 503, error.message) : error;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "Content-Type": type, "Content-Length": bytes.length }).end(bytes);
}

const sendText = (response: ServerResponse, status: number, body: string): void =>
  send(response, status, "text/plain;charset=utf-8", `${body}\n`);
