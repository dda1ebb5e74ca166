import { connect } from "node:net";
import type { ProcessConfig } from "../config/config.ts";
import type { Probe } from "../config/kinds/readiness.ts";
import { startErrand } from "../os/errand.ts";
import { describeExit } from "../process/exit.ts";
import type { World } from "./world.ts";

/** On whose behalf something is asked, and for how long. */
export interface Asking {
  world: World;
  config: ProcessConfig;
  /** What a command has in its environment. */
  env: Readonly<Record<string, string | undefined>>;
  timeoutMs: number;
  /** Nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** Asks a process once. @returns why it does not work; undefined: it does */
export async function ask(probe: Probe, asking: Asking): Promise<string | undefined> {
  switch (probe.by) {
    case "tcp":
      return await accepts(probe, asking);
    case "http":
      return await answers(probe.url, asking);
    case "exec":
      return await succeeds(probe.words, asking);
  }
}

function accepts(
  { host, port }: { host: string; port: number },
  { timeoutMs, signal }: Asking,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (why: string | undefined) => {
      signal.removeEventListener("abort", give);
      socket.destroy();
      resolve(why);
    };
    const give = () => end("nobody waits for it");
    socket.setTimeout(timeoutMs, () => end(`no connection within ${timeoutMs} ms`));
    socket.on("connect", () => end(undefined));
    socket.on("error", (error) => end(error.message));
    signal.addEventListener("abort", give);
  });
}

async function answers(url: string, { timeoutMs, signal }: Asking): Promise<string | undefined> {
  const { get } = url.startsWith("https:") ? await import("node:https") : await import("node:http");
  return await new Promise((resolve) => {
    const late = `no answer within ${timeoutMs} ms`;
    const asked = get(url, { agent: false }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      end(statusCode >= 200 && statusCode < 300 ? undefined : `status ${statusCode}`);
    });
    const end = (why: string | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", give);
      resolve(why);
    };
    const give = () => {
      asked.destroy();
      end(late);
    };
    // Not the socket's own timeout: who sends a byte now and then has not answered either.
    const timer = setTimeout(give, timeoutMs);
    signal.addEventListener("abort", give);
    asked.on("error", (error) => end(error.message));
    asked.on("close", () => end(late));
  });
}

async function succeeds(
  argv: readonly string[],
  { world, config, env, timeoutMs, signal }: Asking,
): Promise<string | undefined> {
  const { softFiles, channels: folder, clock } = world;
  const { user, directory: cwd } = config;
  try {
    const errand = startErrand({ argv, env, cwd, user, softFiles, input: "", folder });
    let isLate = false;
    const kill = () => errand.signal("SIGKILL");
    const cancel = clock.after(timeoutMs, () => {
      isLate = true;
      kill();
    });
    signal.addEventListener("abort", kill, { once: true });
    const { exit, output } = await errand.ended;
    cancel();
    signal.removeEventListener("abort", kill);
    if (isLate) return `no end within ${timeoutMs} ms`;
    if ("code" in exit && exit.code === 0) return undefined;
    const [line = ""] = output.trim().split("\n");
    return line === "" ? describeExit(exit) : `${describeExit(exit)}: ${line.slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
