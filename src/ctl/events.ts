import type { EventRecord } from "../events/json.ts";
import { Fault } from "../faults.ts";
import { namespec } from "../process/order.ts";
import { linesOf } from "../rpc/lines.ts";
import { parseOptions } from "./logs.ts";
import { exit, type Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** droverd remembers no more, beside its journal. */
const REMEMBERED = 1_000;

/** `events [TYPE...] [options]`. */
export async function events(session: Session, words: readonly string[]): Promise<void> {
  const { values, positionals: types } = parseOptions(words, {
    follow: { type: "boolean", short: "f" },
    lines: { type: "string", short: "n" },
    after: { type: "string" },
    json: { type: "boolean" },
  });
  const { follow = false, json = false, after } = values;
  const show = (line: string) => session.print(json ? line : formatEvent(JSON.parse(line)));
  const asked = types.length > 0 ? { types: types.join() } : {};
  try {
    let latest = after;
    if (after === undefined) {
      const past = await lastOf(session, asked, linesWanted(values.lines, follow));
      for (const line of past.lines) show(line);
      latest = String(past.newest);
      if (!follow) return;
    }
    const rest = { ...asked, after: latest ?? "0", ...(!follow && { follow: "no" }) };
    const stream = session.client.events(rest, () => undefined, session.interrupted());
    for await (const line of linesOf(stream)) show(line);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== "BAD_ARGUMENTS") throw error;
    throw new UsageError(`Error: ${error.detail}`, false, exit.badArguments);
  }
}

/** @throws UsageError */
function linesWanted(given: string | undefined, follow: boolean): number {
  if (given === undefined) return follow ? 0 : 20;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new UsageError(`Error: expected a number of events such as 20, got "${given}"`, true);
}

/** The last of those that are remembered, and the number of the newest of all. */
async function lastOf(
  session: Session,
  asked: Readonly<Record<string, string>>,
  most: number,
): Promise<{ lines: string[]; newest: number }> {
  const { client } = session;
  let newest = 0;
  const nothing = client.events({ ...asked, follow: "no" }, (number) => {
    newest = number;
  });
  for await (const _ of nothing);
  const after = String(Math.max(0, newest - Math.max(REMEMBERED, most)));
  const lines: string[] = [];
  const stream = client.events({ ...asked, after, follow: "no" }, (number) => {
    newest = number;
  });
  for await (const line of linesOf(stream)) {
    // Of more than these nobody asked.
    if (!line.includes('"type":"GAP"')) lines.push(line);
    if (lines.length > most) lines.shift();
  }
  return { lines, newest };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Local time, as in the daemon's log. */
function formatTime(text: string): string {
  const at = new Date(text);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return `${day} ${clock},${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** One line for people. */
export function formatEvent(event: EventRecord): string {
  return `${formatTime(event.time)} ${describe(event)}`;
}

function describe(event: EventRecord): string {
  const { type, process, group = "" } = event;
  if (type === "GAP") return `GAP events ${event.after} to ${event.before} are not there any more`;
  if (type === "MISSED") return `MISSED ${event.events} events came faster than they were read`;
  const name = process === undefined ? group : namespec({ group, name: process });
  const what = type.replace(/^PROCESS_STATE_/, "");
  return [name, what, ...detailsOf(event)].filter((part) => part !== "").join(" ");
}

function detailsOf(event: EventRecord): string[] {
  const { pid, tries = 0, reason, by, error, exit: end, expected, logfile, errno, subject } = event;
  return [
    pid ? `pid ${pid}` : "",
    tries > 0 ? `after ${tries} that failed` : "",
    reason === undefined ? "" : `by ${reason}`,
    by === undefined ? "" : `(${by})`,
    end === undefined ? "" : `(${end.cause}${expected === false ? ", not expected" : ""})`,
    event.hook === undefined ? (error ?? "") : "",
    logfile ?? "",
    errno ?? "",
    event.lost_bytes === undefined ? "" : `${event.lost_bytes} bytes lost`,
    event.took_ms === undefined ? "" : `${event.took_ms} ms`,
    event.when === undefined ? "" : String(event.when),
    subject ?? "",
    event.total === undefined
      ? ""
      : `${event.done === undefined ? "" : `${event.done}/`}${event.total}`,
    event.file === undefined ? "" : `${event.program}: ${event.files} changed, ${event.file}`,
    event.hook === undefined ? "" : `hook '${event.hook}', events: ${event.events}`,
    event.hook === undefined ? "" : (error ?? ""),
    event.data === undefined ? "" : JSON.stringify(event.data),
    event.data_base64 ?? "",
  ];
}
