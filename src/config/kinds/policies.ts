import type { Jittered, Rate, StopStep } from "../../process/policy.ts";
import { kind, limited, type Refuse, readOr } from "./kind.ts";
import { bytes, duration, readInteger } from "./numbers.ts";
import { signal } from "./words.ts";

/** A whole number, or Infinity for `unlimited`. */
export const integerOrUnlimited = kind(
  "a whole number such as 3, or unlimited",
  (text, _, refuse) =>
    text.trim().toLowerCase() === "unlimited" ? Infinity : readInteger(text, refuse),
);

/** A part of a whole, from 0 to 1: `25%`. */
export const percent = kind("a part such as 25%, up to 100%", (text, _, refuse) =>
  readPercent(text.trim(), refuse),
);

function readPercent(text: string, refuse: Refuse): number {
  const [, digits] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? refuse();
  const part = Number(digits) / 100;
  return part <= 1 ? part : refuse();
}

/** A duration of more than nothing. */
export const someTime = limited(
  duration,
  "a duration such as 10s, 5m or 2h, more than 0",
  (milliseconds) => milliseconds > 0,
);

/** A length of time that varies: `1h±10%`, or `1h+-10%` for those without the sign. */
export const jitteredDuration = kind(
  "a duration such as 1h, or 1h±10% for another one each time",
  (text, facts, refuse): Jittered => {
    const [length = "", jitter, ...more] = text.split(/±|\+-/);
    const ms = readOr(duration, length, facts, refuse);
    if (ms === 0 || more.length > 0) refuse();
    return { ms, jitter: jitter === undefined ? 0 : readPercent(jitter.trim(), refuse) };
  },
);

/** So many within a time: `5/10m`. */
export const rate = kind("a number in a time such as 5/10m", (text, facts, refuse): Rate => {
  const [count = "", time = "", ...more] = text.split("/");
  if (!/^\s*\d+\s*$/.test(count) || more.length > 0) refuse();
  const windowMs = readOr(duration, time, facts, refuse);
  return windowMs > 0 ? { count: Number(count), windowMs } : refuse();
});

/** Words of a stop with the time to wait after each: `TERM:60 INT:10 KILL`; SIGKILL ends it anyway. */
export const stopSequence = kind(
  "signals with times such as TERM:60 INT:10 KILL",
  (text, facts, refuse): readonly StopStep[] => {
    const words = text.trim().split(/[\s,]+/);
    const last = words.at(-1) ?? "";
    const killLast = /^(?:SIG)?KILL$/i.test(last);
    const steps = (killLast ? words.slice(0, -1) : words).map((word) => {
      const [name = "", time, ...more] = word.split(":");
      if (time === undefined || more.length > 0) return refuse();
      const waitMs = readOr(duration, time, facts, refuse);
      return { signal: readOr(signal, name, facts, refuse), waitMs };
    });
    return killLast || steps.length > 0 ? steps : refuse();
  },
);

const sizeOrNumber = /^(?:\d+(?:kb|mb|gb)?|unlimited)$/i;

/** A limit of the system as prlimit(1) takes it: `soft`, or `soft:hard`; sizes may be in KB, MB and GB. */
export const rlimit = kind(
  "a limit such as 1024, 64MB or unlimited, or soft:hard",
  (text, facts, refuse): string => {
    const parts = text.trim().split(":");
    if (parts.length > 2 || !parts.every((part) => sizeOrNumber.test(part))) refuse();
    const limits = parts.map((part) =>
      /^unlimited$/i.test(part) ? Infinity : readOr(bytes, part, facts, refuse),
    );
    const [soft = 0, hard = soft] = limits;
    if (soft > hard) refuse(": the soft limit is above the hard one");
    return limits.map((limit) => (limit === Infinity ? "unlimited" : String(limit))).join(":");
  },
);
