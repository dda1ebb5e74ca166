/** How much of a line is looked at. */
const LOOKED_AT = 1_024;

const iso = String.raw`(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?`;
/** One word, such as a prefix, may stand before it, and a bracket. */
const atStart = new RegExp(String.raw`^(?:\S{1,80} )?[[(]?${iso}`);
const whole = new RegExp(`^${iso}$`);
const epoch = /^\[?(\d{10}|\d{13})(?:[.,](\d{1,9}))?(?=[\s\]:,]|$)/;
const inObject =
  /"(?:time|timestamp|ts|@timestamp)"\s*:\s*(?:"([^"\\]{1,40})"|(\d{9,13}(?:\.\d+)?))/;

/**
 * When a line says that it was written: an ISO date and time at its start, seconds or milliseconds
 * since the Epoch, or the `time` of a JSON object. Without a zone it is taken as local.
 * @returns milliseconds since the Epoch; undefined when it does not say
 */
export function lineTime(line: Buffer): number | undefined {
  const text = line.toString("latin1", 0, Math.min(line.length, LOOKED_AT));
  if (text.startsWith("{")) return timeOfObject(text);
  return timeOfIso(atStart.exec(text)) ?? timeOfEpoch(text);
}

function timeOfObject(text: string): number | undefined {
  const [, quoted, number] = inObject.exec(text) ?? [];
  if (quoted !== undefined) return timeOfIso(whole.exec(quoted)) ?? timeOfEpoch(quoted);
  return number === undefined ? undefined : inMilliseconds(Number(number));
}

function timeOfIso(found: RegExpExecArray | null): number | undefined {
  if (!found) return undefined;
  const [, day, time, fraction = "0", zone = ""] = found;
  const ms = Date.parse(`${day}T${time}.${fraction.padEnd(3, "0").slice(0, 3)}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}

function timeOfEpoch(text: string): number | undefined {
  const [, digits, fraction = "0"] = epoch.exec(text) ?? [];
  return digits === undefined ? undefined : inMilliseconds(Number(`${digits}.${fraction}`));
}

/** Seconds have ten digits from 2001 to 2286. */
const inMilliseconds = (number: number): number =>
  Math.floor(number < 1e11 ? number * 1_000 : number);
