import { setImmediate } from "node:timers/promises";
import { Fault } from "../faults.ts";
import { CALLS_IN_A_ROW } from "./dispatch.ts";

/** Runs one call and answers its result, or throws a Fault or a bug. */
export type Caller = (
  method: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>>,
) => Promise<unknown>;

/** What answers the calls of one body. */
export interface Answering {
  call: Caller;
  /** Counts the calls of a batch. @throws Fault when these are too many */
  take(calls: number): void;
  /** Is told what a method threw that is no Fault. */
  onBug(error: unknown): void;
}

interface Reply {
  jsonrpc: "2.0";
  id: string | number | null;
  result?: unknown;
  error?: { code: number; message: string; data?: { fault: string } };
}

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;
/** Faults for which JSON-RPC 2.0 has codes of its own. */
const standard: Partial<Record<string, number>> = {
  UNKNOWN_METHOD: -32_601,
  INCORRECT_PARAMETERS: -32_602,
};

/**
 * Answers a JSON-RPC 2.0 request or batch.
 * @returns undefined when there is nothing to answer: only notifications
 */
export async function answerJson(body: string, answering: Answering): Promise<string | undefined> {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch (error) {
    return JSON.stringify(failure(null, PARSE_ERROR, String(error)));
  }
  if (!Array.isArray(request)) {
    const reply = await answerOne(request, answering);
    return reply && JSON.stringify(reply);
  }
  if (request.length === 0) {
    return JSON.stringify(failure(null, INVALID_REQUEST, "expected at least one call in a batch"));
  }
  try {
    answering.take(request.length);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return JSON.stringify(failure(null, INVALID_REQUEST, error.message, error.fault));
  }
  const replies: Reply[] = [];
  for (const [at, one] of request.entries()) {
    if (at % CALLS_IN_A_ROW === CALLS_IN_A_ROW - 1) await setImmediate();
    const reply = await answerOne(one, answering);
    if (reply) replies.push(reply);
  }
  return replies.length > 0 ? JSON.stringify(replies) : undefined;
}

async function answerOne(request: unknown, { call, onBug }: Answering): Promise<Reply | undefined> {
  const { jsonrpc, method, params = [], id } = Object(request) as Record<string, unknown>;
  const replyTo = typeof id === "string" || typeof id === "number" ? id : null;
  if (jsonrpc !== "2.0" || typeof method !== "string" || typeof params !== "object" || !params) {
    const expected = 'expected {"jsonrpc": "2.0", "method": "...", "params": [...], "id": 1}';
    return failure(replyTo, INVALID_REQUEST, expected);
  }
  try {
    const result = await call(method, params as Record<string, unknown>);
    return id === undefined ? undefined : { jsonrpc: "2.0", id: replyTo, result };
  } catch (error) {
    if (!(error instanceof Fault)) onBug(error);
    return id === undefined ? undefined : faulty(replyTo, error);
  }
}

function faulty(id: Reply["id"], error: unknown): Reply {
  if (!(error instanceof Fault)) return failure(id, INTERNAL_ERROR, "internal error; see the log");
  const { fault, code, message } = error;
  return failure(id, standard[fault] ?? code, message, fault);
}

const failure = (id: Reply["id"], code: number, message: string, fault?: string): Reply => ({
  jsonrpc: "2.0",
  id,
  error: { code, message, ...(fault && { data: { fault } }) },
});
