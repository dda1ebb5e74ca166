import { kind, limited, readOr } from "./kind.ts";
import { duration, octal } from "./numbers.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** How often a log is rotated: a part of a day, or whole days. */
export const rotationPeriod = limited(
  duration,
  "a duration such as 15m, 1h or 6h, at least 1s and less than a day, or whole days such as 1d or 7d",
  (milliseconds) =>
    milliseconds >= SECOND_MS && (milliseconds < DAY_MS || milliseconds % DAY_MS === 0),
);

/** Times of day with commas between them, as milliseconds after midnight, in their order. */
export const timesOfDay = kind(
  "times of day such as 00:00, 12:30",
  (text, _, refuse): readonly number[] => {
    const times = text.split(",").map((word) => {
      const [, hours, minutes, seconds = "0"] =
        /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(word.trim()) ?? refuse();
      const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
      return h < 24 && m < 60 && s < 60 ? ((h * 60 + m) * 60 + s) * SECOND_MS : refuse();
    });
    return [...new Set(times)].sort((a, b) => a - b);
  },
);

/** What the daemon itself must be allowed to do to its own logs, to open them again. */
const READ_AND_WRITE = 0o600;

/** The mode of a log: permission bits only. */
export const logMode = kind(
  "the mode of a file such as 0640, that its owner may read and write",
  (text, facts, refuse): number => {
    const mode = readOr(octal, text, facts, refuse);
    return mode <= 0o777 && (mode & READ_AND_WRITE) === READ_AND_WRITE ? mode : refuse();
  },
);
