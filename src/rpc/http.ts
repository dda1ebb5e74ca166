import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { Fault } from "../faults.ts";
import { type Credentials, isAuthorized } from "./auth.ts";
import { dispatch } from "./dispatch.ts";
import { answerJson } from "./jsonrpc.ts";
import type { Handlers } from "./methods.ts";

/** A log as it grows; undefined when there is none by that name. */
type OpenLog = (name: string, stream: string) => Readable | undefined;

export interface Service {
  handlers: Handlers;
  openLog: OpenLog;
  openMainLog: () => Readable | undefined;
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

/** Serves XML-RPC at /RPC2, JSON-RPC at /rpc, and growing logs at /logtail and /mainlogtail. */
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
  const { pathname } = parseUrl(request.url ?? "/");
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
    follow(request, response, service.openLog(decodeURIComponent(name), stream));
  } else if (pathname === "/mainlogtail") {
    follow(request, response, service.openMainLog());
  } else {
    throw new HttpError(404, `nothing is served at ${pathname}`);
  }
}

function parseUrl(url: string): { pathname: string } {
  try {
    const { pathname } = new URL(url, "http://unix");
    decodeURIComponent(pathname);
    return { pathname };
  } catch (error) {
    throw new HttpError(400, `not a path: ${error}`);
  }
}

async function answerXml({ handlers, onBug }: Service, body: string): Promise<string> {
  // Loaded by the first client that speaks it: droverctl does not.
  const { BadRequest, formatFault, formatResponse, parseCall } = await import("./xml.ts");
  try {
    const { method, params } = parseCall(body);
    return formatResponse(await dispatch(handlers, method, params));
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

function follow(request: IncomingMessage, response: ServerResponse, log: Readable | undefined) {
  if (request.method !== "GET") throw new HttpError(400, "expected a GET");
  if (!log) throw new HttpError(404, "there is no such log");
  response.writeHead(200, { "Content-Type": "text/plain;charset=utf-8" });
  response.flushHeaders();
  // A client that goes away is how every one of these ends.
  pipeline(log, response, () => undefined);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "Content-Type": type, "Content-Length": bytes.length }).end(bytes);
}

const sendText = (response: ServerResponse, status: number, body: string): void =>
  send(response, status, "text/plain;charset=utf-8", `${body}\n`);
