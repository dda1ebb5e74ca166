import { createHmac } from "node:crypto";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { HookConfig } from "../config/config.ts";
import type { EventRecord } from "../events/json.ts";
import { judge, type Try } from "../hooks/retrying.ts";
import { readSmallFile } from "../os/smallfile.ts";
import { version } from "../version.ts";
import { HookError, type HookWorld } from "./hookrun.ts";

/** Of an answer only its status counts; whoever says more than this is not listened to. */
const MOST_ANSWER = 16_384;
/** No key of an HMAC needs more. */
const MOST_SECRET = 65_536;

/**
 * Posts events to `post=`, and tries again as long as that may help.
 * @param signal ends it
 * @throws HookError
 */
export async function postHook(
  hook: HookConfig,
  events: readonly EventRecord[],
  world: HookWorld,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, random } = world;
  const body = JSON.stringify(hook.every > 0 ? events : events[0]);
  for (let tries = 0; ; tries++) {
    const headers = await headersFor(hook, body, tries);
    const tried = await tryOnce(hook, { headers, body, nowMs: clock.wallMs() }, signal);
    const judged = judge(tried, tries, random());
    if (judged.is === "done") return;
    if (signal.aborted) throw new HookError("droverd did not wait for it any longer");
    const times = tries === 0 ? "" : ` after ${tries + 1} tries`;
    if (judged.is === "hopeless" || tries >= hook.retries) throw new HookError(judged.why + times);
    const { why, waitMs } = judged;
    log("debug", `hook '${hook.name}': ${why}, tried again in ${Math.round(waitMs)} ms`);
    await pause(world, waitMs, signal);
  }
}

function pause({ clock }: HookWorld, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
}

/** @throws HookError */
async function headersFor(
  hook: HookConfig,
  body: string,
  tries: number,
): Promise<Record<string, string>> {
  const secret = await secretOf(hook);
  const signature = secret && createHmac("sha256", secret).update(body).digest("hex");
  return {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    "User-Agent": `drover/${version()}`,
    "X-Drover-Hook": hook.name,
    "X-Drover-Attempt": String(tries + 1),
    ...(signature && { "X-Drover-Signature": `sha256=${signature}` }),
  };
}

/** @throws HookError also where there should be a secret and is none: nothing goes out unsigned then */
async function secretOf({ secret, secret_file }: HookConfig): Promise<string | undefined> {
  if (secret_file === undefined) return secret;
  let text: string;
  try {
    text = await readSmallFile(secret_file, MOST_SECRET);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HookError(`cannot read secret_file=: ${why}`, { cause: error });
  }
  const read = text.replace(/\r?\n$/, "");
  if (read === "") throw new HookError(`secret_file=${secret_file} is empty`);
  return read;
}

interface Letter {
  headers: Record<string, string>;
  body: string;
  nowMs: number;
}

async function tryOnce(
  { post = "", timeout }: HookConfig,
  { headers, body, nowMs }: Letter,
  signal: AbortSignal,
): Promise<Try> {
  const isSecure = post.startsWith("https:");
  const { request } = isSecure ? await import("node:https") : await import("node:http");
  // Not AbortSignal.any(): what is put together with a signal that lives on is kept as long as that.
  const over = new AbortController();
  const end = () => over.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, timeout);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    const asked = { method: "POST", headers, agent: false, signal: over.signal };
    const outgoing = request(post, asked);
    const response = await answer(outgoing, body);
    const { statusCode = 0 } = response;
    await swallow(response);
    return { status: statusCode, retryAfter: response.headers["retry-after"], nowMs };
  } catch (error) {
    if (isLate) return { error: `no answer within timeout=${timeout / 1_000}s` };
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

function answer(outgoing: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    // Of an answer that wants another protocol Node tells nothing else.
    outgoing.on("close", () => reject(new Error("the connection was closed without an answer")));
    outgoing.end(body);
  });
}

async function swallow(response: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_ANSWER) break;
  }
}
