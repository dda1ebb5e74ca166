import {
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Readable } from "node:stream";
import { NEWEST_EVENT } from "../events/json.ts";
import { Fault, type FaultName } from "../faults.ts";
import { type Bodies, Gone } from "./body.ts";
import { dispatch, dispatchPlain } from "./dispatch.ts";
import type { Door, Gate } from "./door.ts";
import { HttpError } from "./httperror.ts";
import { answerJson } from "./jsonrpc.ts";
import type { Handlers } from "./methods.ts";

/** What a query has given. */
export interface Content {
  type: "text" | "json";
  content: Readable;
}

/** A log as it grows. */
export interface GrowingLog {
  content: Readable;
  /** When it was written to the last time. */
  modified: Date;
}

/** Logs, for those who ask by HTTP. */
export interface LogService {
  /** A log as it grows; undefined when there is none by that name. @throws Fault */
  follow(name: string, stream: string): Promise<GrowingLog | undefined>;
  followMain(): Promise<GrowingLog | undefined>;
  /**
   * @param names of processes, groups or "all"
   * @param signal whoever asked has gone
   * @throws Fault
   */
  read(
    names: readonly string[],
    parameters: URLSearchParams,
    signal: AbortSignal,
  ): Promise<Content>;
}

/** Events, for those who ask by HTTP. */
export interface EventService {
  /**
   * One JSON object a line.
   * @returns also the number of the newest event that there was
   * @throws Fault
   */
  read(parameters: URLSearchParams): Promise<{ content: Readable; newest: number }>;
}

export interface Service {
  handlers: Handlers;
  logs: LogService;
  events: EventService;
  door: Door;
  bodies: Bodies;
  /** Is told what went wrong inside, with a line about where. */
  onBug(where: string, error: unknown): void;
}

/**
 * Serves XML-RPC at /RPC2, JSON-RPC at /rpc, logs at /logs, events at /events, and growing logs at
 * /logtail and /mainlogtail.
 */
export function createListener(service: Service): RequestListener {
  return (request, response) => {
    route(service, request, response).catch((error: unknown) => {
      if (error instanceof Gone) return;
      const failure =
        error instanceof HttpError ? error : new HttpError(500, "internal error; see the log");
      if (failure !== error) service.onBug(`${request.method} ${request.url}`, error);
      if (response.headersSent) response.destroy();
      else afterBody(request, () => sendFailure(request, response, failure));
    });
  };
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse) {
  const gate = await service.door.enter(request);
  const { path, parameters } = parseUrl(request.url ?? "/");
  if (path.startsWith("/RPC2")) {
    await answerXml({ service, gate }, request, response);
  } else if (path === "/rpc") {
    const body = await readPost(service, request);
    const call = (method: string, params: Parameters<typeof dispatch>[2]) =>
      dispatch(service.handlers, method, params, gate);
    const answer = await answerJson(body, {
      call,
      take: gate.take,
      onBug: (error) => service.onBug("/rpc", error),
    });
    if (answer === undefined) response.writeHead(204).end();
    else send(response, 200, "application/json", answer);
  } else if (path.startsWith("/logtail")) {
    const [, , name = "", ...stream] = path.split("/");
    const open = () => service.logs.follow(name, stream.length > 0 ? stream.join("/") : "stdout");
    // A proxy in between is to pass on what it gets, not to collect it.
    await follow(request, response, open, { "X-Accel-Buffering": "no" });
  } else if (path.startsWith("/mainlogtail")) {
    await follow(request, response, () => service.logs.followMain());
  } else if (path.startsWith("/logs/")) {
    const names = path.slice("/logs/".length).split("/").map(decode);
    await readLines(request, response, (signal) => service.logs.read(names, parameters, signal));
  } else if (path === "/events") {
    await readLines(request, response, async () => {
      const { content, newest } = await service.events.read(parameters);
      response.setHeader(NEWEST_EVENT, newest);
      return { type: "json", content };
    });
  } else if (["GET", "HEAD"].includes(request.method ?? "")) {
    throw new HttpError(404, `nothing is served at ${path}`);
  } else throw new HttpError(400, "expected a GET");
}

/** Paths that supervisord serves, of whose errors clients of it may read the text. */
const isSupervisords = (path: string): boolean =>
  !/^\/(?:(?:rpc|events)(?:\?|$)|logs\/)/.test(path);

function parseUrl(url: string): { path: string; parameters: URLSearchParams } {
  const [, path = "", query] = /^(?:https?:\/\/[^/?]*)?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? [];
  // As supervisord does: %52PC2 is RPC2. A slash in a name is one only after it has been cut out.
  const known = path.startsWith("/logs/") ? path : decodeKnown(path);
  return { path: known, parameters: new URLSearchParams(query) };
}

/** What cannot be decoded names nothing that there is. */
function decodeKnown(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new HttpError(400, `not a path: ${error}`);
  }
}

async function answerXml(
  { service, gate }: { service: Service; gate: Gate },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.headers["content-length"] === undefined && request.method === "POST") {
    throw new HttpError(411, "expected a Content-Length");
  }
  const body = await readPost(service, request);
  send(response, 200, "text/xml", await xmlOf(body, service, gate));
}

async function xmlOf(body: string, { handlers, onBug }: Service, gate: Gate): Promise<Buffer> {
  // Loaded by the first client that speaks it: droverctl does not.
  const [{ BadRequest, parseCall }, { formatFault }, { answers }] = await loadXml();
  try {
    const { method, params } = parseCall(body);
    return answers.format(await dispatchPlain(handlers, method, params, gate));
  } catch (error) {
    if (error instanceof BadRequest) throw new HttpError(400, error.message);
    if (error instanceof Fault) return formatFault(error.code, error.message);
    onBug("/RPC2", error);
    throw new HttpError(500, "internal error; see the log");
  }
}

const loadXml = () =>
  Promise.all([import("./xmlcall.ts"), import("./xml.ts"), import("./answers.ts")]);

async function readPost({ bodies }: Service, request: IncomingMessage): Promise<string> {
  if (request.method !== "POST") throw new HttpError(400, "expected a POST");
  return bodies.read(request);
}

async function follow(
  request: IncomingMessage,
  response: ServerResponse,
  open: () => Promise<GrowingLog | undefined>,
  headers: Readonly<Record<string, string>> = {},
) {
  if (request.method !== "GET") throw new HttpError(400, "expected a GET");
  const log = await open().catch((error: unknown) => Promise.reject(asHttpError(error)));
  if (!log) throw new HttpError(404, "there is no such log");
  const { content, modified } = log;
  pass(content, response, {
    "Last-Modified": modified.toUTCString(),
    "Content-Type": types.text,
    ...headers,
  });
}

async function readLines(
  request: IncomingMessage,
  response: ServerResponse,
  read: (signal: AbortSignal) => Promise<Content>,
) {
  if (request.method !== "GET") throw new HttpError(400, "expected a GET");
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const { type, content } = await read(gone.signal);
    pass(content, response, { "Content-Type": types[type], "X-Accel-Buffering": "no" });
  } catch (error) {
    // Nobody is there to be answered.
    if (!gone.signal.aborted) throw asHttpError(error);
  }
}

const types: Record<Content["type"], string> = {
  text: "text/plain;charset=utf-8",
  json: "application/x-ndjson",
};

function pass(log: Readable, response: ServerResponse, headers: Record<string, string>): void {
  response.writeHead(200, headers);
  response.flushHeaders();
  // Not by pipeline(), of which each of a thousand idle streams would cost ten kilobytes.
  log.on("error", () => response.destroy());
  log.on("close", () => {
    // Broken off and not ended: whoever reads is to see that.
    if (!log.readableEnded) response.destroy();
  });
  // A client that goes away is how every one of these that follows ends.
  response.on("close", () => log.destroy());
  log.pipe(response);
}

const statusOfFault: Partial<Record<FaultName, number>> = {
  BAD_NAME: 404,
  NO_FILE: 404,
  BAD_ARGUMENTS: 400,
};

/** A fault's name comes first, so that clients know it again. */
const asHttpError = (error: unknown): unknown =>
  error instanceof Fault ? new HttpError(statusOfFault[error.fault] ?? 503, error.message) : error;

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  response.writeHead(status, { "Content-Type": type, "Content-Length": bytes.length }).end(bytes);
}

/**
 * A client that still sends does not read, and would not get to: what it is refused is read first. It
 * has as long as for any request.
 */
function afterBody(request: IncomingMessage, act: () => void): void {
  if (request.readableEnded) act();
  else request.once("end", act).resume();
}

function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message, headers }: HttpError,
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (isSupervisords(request.url ?? "/"))
    send(response, status, "text/html", page(status, message));
  else send(response, status, types.text, `${message}\n`);
}

/** supervisord's page about an error, with what it is about. */
const page = (status: number, message: string): string =>
  [
    ...["<head>", "<title>Error response</title>", "</head>", "<body>", "<h1>Error response</h1>"],
    `<p>Error code ${status}.`,
    `<p>Message: ${STATUS_CODES[status]}.`,
    `<!-- ${message.replaceAll(/[<>&-]+/g, " ")} -->`,
    ...["</body>", ""],
  ].join("\r\n");
