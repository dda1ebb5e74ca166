import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface ConnectionLimits {
  /** Connections at once. */
  most: number;
  /** One on which nothing has been asked for so long is closed. */
  idleMs: number;
  /** A request must have come whole after so long. */
  requestMs: number;
}

/** Requests that may wait on one connection while an earlier one is answered. */
const MOST_WAITING = 64;

/** Phases in which a connection has to go when there is no room for others, the first to go first. */
const yielding = ["idle", "receiving"] as const;
type Phase = (typeof yielding)[number] | "answering";

interface Connection {
  socket: Socket;
  phase: Phase | undefined;
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
  waiting: [IncomingMessage, ServerResponse][];
}

/**
 * The connections of one server. Requests of one connection are answered one after the other. Who
 * sends a request slowly, or none, does not keep others out: when there is no room the oldest such
 * connection goes. No timer runs while there are no connections.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #handle: RequestListener;
  readonly #all = new Map<Socket, Connection>();
  /** In the order in which they came to be so. */
  readonly #in: Record<(typeof yielding)[number], Set<Connection>> = {
    idle: new Set(),
    receiving: new Set(),
  };

  constructor(server: Server, limits: ConnectionLimits, handle: RequestListener) {
    this.#limits = limits;
    this.#handle = handle;
    server.on("connection", (socket) => this.#add(socket));
    server.on("request", (request, response) => this.#take(request, response));
  }

  #add(socket: Socket): void {
    if (this.#all.size >= this.#limits.most && !this.#makeRoom()) {
      refuse(socket);
      return;
    }
    const connection: Connection = {
      ...{ socket, phase: undefined, timer: undefined, busy: false, waiting: [] },
    };
    this.#all.set(socket, connection);
    socket.once("close", () => {
      this.#all.delete(socket);
      this.#enter(connection, undefined);
    });
    this.#enter(connection, "idle", this.#limits.requestMs);
  }

  #makeRoom(): boolean {
    for (const phase of yielding) {
      const [oldest] = this.#in[phase];
      if (!oldest) continue;
      this.#all.delete(oldest.socket);
      this.#enter(oldest, undefined);
      oldest.socket.destroy();
      return true;
    }
    return false;
  }

  /** @param withinMs it is to leave this phase, or its connection is closed */
  #enter(connection: Connection, phase: Phase | undefined, withinMs?: number): void {
    const { phase: before, socket } = connection;
    if (before !== undefined && before !== "answering") this.#in[before].delete(connection);
    if (phase !== undefined && phase !== "answering") this.#in[phase].add(connection);
    connection.phase = phase;
    clearTimeout(connection.timer);
    connection.timer =
      withinMs === undefined ? undefined : setTimeout(() => socket.destroy(), withinMs).unref();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#all.get(request.socket);
    // It has been closed to make room for another.
    if (!connection) return;
    if (!connection.busy) this.#begin(connection, request, response);
    else if (connection.waiting.length < MOST_WAITING) connection.waiting.push([request, response]);
    else request.socket.destroy();
  }

  #begin(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    connection.busy = true;
    if (hasBody(request)) {
      this.#enter(connection, "receiving", this.#limits.requestMs);
      request.once("end", () => this.#enter(connection, "answering"));
    } else this.#enter(connection, "answering");
    // What is left of a body that nobody wanted is read first, for as long as a request may take.
    response.once("close", () => {
      if (request.complete || request.destroyed) this.#finish(connection);
      else request.once("close", () => this.#finish(connection));
    });
    this.#handle(request, response);
  }

  #finish(connection: Connection): void {
    if (!this.#all.has(connection.socket)) return;
    connection.busy = false;
    const next = connection.waiting.shift();
    if (next) this.#begin(connection, ...next);
    else this.#enter(connection, "idle", this.#limits.idleMs);
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Every connection is busy with an answer. */
function refuse(socket: Socket): void {
  const body = "too many connections: see max_connections=\n";
  socket.end(
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain;charset=utf-8\r\n" +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
