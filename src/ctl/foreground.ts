import { Fault } from "../faults.ts";
import { ServerError } from "../rpc/client.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** `fg NAME`: shows what a process writes, and sends it what is typed, line by line. */
export async function foreground(session: Session, words: readonly string[]): Promise<void> {
  const [name] = words;
  if (name === undefined) throw new UsageError("ERROR: no process name supplied", true);
  if (words.length > 1) throw new UsageError("ERROR: too many process names supplied");
  if (!(await isReady(session, name))) return;
  session.print("==> Press Ctrl-C to exit <==");
  const interrupted = session.interrupted();
  const over = new AbortController();
  const signal = AbortSignal.any([interrupted, over.signal]);
  const shown = ["stdout", "stderr"].map((stream) => show(session, { name, stream, signal }));
  try {
    await passLines(session, name, interrupted);
  } finally {
    session.print("Exiting foreground");
    over.abort();
    await Promise.all(shown);
  }
}

async function isReady(session: Session, name: string): Promise<boolean> {
  const refuse = (why: string): false => {
    session.print(`ERROR: ${why}`);
    session.exitCode = exit.generic;
    return false;
  };
  try {
    const { statename } = await session.client.call("supervisor.getProcessInfo", { name });
    return statename === "RUNNING" || refuse("process not running");
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_NAME") throw error;
    return refuse("bad process name supplied");
  }
}

async function show(
  session: Session,
  { name, stream, signal }: { name: string; stream: string; signal: AbortSignal },
): Promise<void> {
  const path = `/logtail/${encodeURIComponent(name)}/${stream}`;
  try {
    await session.client.follow(path, (chunk) => session.output(chunk), signal);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    // A stream without a log of its own has nothing to show.
    if (error.reason !== "status code 404") session.complain(`${name} ${stream}: ${error.reason}`);
  }
}

/** Until there is no more, or nobody to send it to. */
async function passLines(session: Session, name: string, interrupted: AbortSignal): Promise<void> {
  for (;;) {
    const line = await session.nextLine(interrupted);
    if (line === undefined) return;
    try {
      await session.client.call("supervisor.sendProcessStdin", { name, chars: `${line}\n` });
      const { statename } = await session.client.call("supervisor.getProcessInfo", { name });
      if (statename === "RUNNING") continue;
      session.print("Process got killed");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isGone = error.fault === "NOT_RUNNING";
      session.print(isGone ? "Process got killed" : `ERROR: ${error.message}`);
    }
    return;
  }
}
