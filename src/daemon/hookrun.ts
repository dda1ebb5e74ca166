import type { HookConfig } from "../config/config.ts";
import type { EventRecord } from "../events/json.ts";
import { fill } from "../hooks/template.ts";
import { startErrand } from "../os/errand.ts";
import { describeExit } from "../process/exit.ts";
import type { World } from "./world.ts";

export type HookWorld = Pick<
  World,
  | "clock"
  | "log"
  | "events"
  | "channels"
  | "inherited"
  | "environment"
  | "serverUrl"
  | "softFiles"
  | "random"
>;

/** Why a hook has not done what it was to do. */
export class HookError extends Error {
  override readonly name = "HookError";
}

/** One that does not end when it is asked to. */
const KILL_AFTER_MS = 5_000;

/**
 * Runs `run=` for events, and tells the log what it says.
 * @param signal ends it
 * @throws HookError
 */
export async function runHook(
  hook: HookConfig,
  events: readonly EventRecord[],
  world: HookWorld,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = world;
  const errand = start(hook, events, world);
  let why: string | undefined;
  const stop = (because: string) => {
    if (why !== undefined) return;
    why = because;
    errand.signal("SIGTERM");
    cancels.push(clock.after(KILL_AFTER_MS, () => errand.signal("SIGKILL")));
  };
  const onAbort = () => stop("droverd did not wait for it any longer");
  const timedOut = () => stop(`it took more than timeout=${hook.timeout / 1_000}s`);
  const cancels = [clock.after(hook.timeout, timedOut)];
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    const { exit, output, more } = await errand.ended;
    const lines = output.trimEnd() === "" ? [] : output.trimEnd().split(/\r?\n/).map(visible);
    for (const line of lines) log("info", `hook '${hook.name}': ${line}`);
    if (more > 0) log("info", `hook '${hook.name}': and ${more} bytes more`);
    const isFine = "code" in exit && exit.code === 0;
    if (isFine && why === undefined) return;
    const last = lines.at(-1);
    const told = last === undefined ? "" : `: ${last.slice(0, LONGEST_TOLD)}`;
    throw new HookError(`${why === undefined ? "" : `${why}, `}${describeExit(exit)}${told}`);
  } catch (error) {
    throw asHookError(error, hook);
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const cancel of cancels) cancel();
  }
}

const LONGEST_TOLD = 200;

/** What it says is read in terminals, which must not obey it. */
const visible = (line: string): string =>
  line.replace(/[^\P{Cc}\t]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return `\\x${code}`;
  });

/** @throws HookError */
function start(hook: HookConfig, events: readonly EventRecord[], world: HookWorld) {
  const { inherited, environment, serverUrl, softFiles, channels: folder } = world;
  const [first] = events;
  const env = {
    ...inherited,
    ...environment,
    ...(serverUrl && { SUPERVISOR_SERVER_URL: serverUrl }),
    ...hook.environment,
    DROVER_HOOK: hook.name,
    DROVER_EVENT: first?.type,
  };
  const input = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  const { user, directory: cwd } = hook;
  try {
    const argv = fill(hook.run ?? [], events);
    return startErrand({ argv, env, cwd, user, softFiles, input, folder });
  } catch (error) {
    throw asHookError(error, hook);
  }
}

function asHookError(error: unknown, { run = [] }: HookConfig): HookError {
  if (error instanceof HookError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new HookError(`cannot run ${run[0]}: ${why}`, { cause: error });
}
