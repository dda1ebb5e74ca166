import { constants } from "node:os";
import { type SignalName, unnamedSignals } from "../../process/signals.ts";
import { parseKeyValues } from "../keyvalues.ts";
import { suggest } from "../problems.ts";
import { type Kind, kind } from "./kind.ts";

export const text = kind("text", (given) => given);

/** What stands before a line, and is not to run into it: white space at its end cannot be written. */
export const linePrefix = kind("text on one line", (given, _, refuse) => {
  if (/[\r\n]/.test(given)) return refuse();
  return given === "" || /\s$/.test(given) ? given : `${given} `;
});

/** Text that may be written over several lines. */
export const command = kind("a command line, with shell-like quotes", (given) => given);

const truths = new Map([
  ...["yes", "true", "on", "1"].map((word) => [word, true] as const),
  ...["no", "false", "off", "0"].map((word) => [word, false] as const),
]);

/** undefined for a word that is neither. */
export const booleanOf = (given: string): boolean | undefined => truths.get(given.toLowerCase());

export const boolean = kind("true or false", (given, _, refuse) => booleanOf(given) ?? refuse());

export const autorestart = kind(
  "true, false or unexpected",
  (given, _, refuse): boolean | "unexpected" => {
    const word = given.toLowerCase();
    return word === "unexpected" ? word : (booleanOf(word) ?? refuse());
  },
);

/** Every signal by its names and its number; where a number has two names, the usual one comes first. */
const signals: readonly [SignalName, number][] = [
  ...(Object.entries(constants.signals) as [NodeJS.Signals, number][]),
  ...unnamedSignals,
];

/** The signal that people mean by a name or a number, as in `TERM`, `sigterm` or `15`. */
export function signalNamed(given: string): SignalName | undefined {
  const word = given.trim().toUpperCase();
  const full = withSig(word);
  const number = /^[+-]?\d+$/.test(word) ? Number(word) : undefined;
  const isIt = ([name, value]: (typeof signals)[number]) =>
    number === undefined ? name === full : value === number;
  return signals.find(isIt)?.[0];
}

const withSig = (word: string): string => (word.startsWith("SIG") ? word : `SIG${word}`);

export const signalNumber = (signal: SignalName): number =>
  signals.find(([name]) => name === signal)?.[1] ?? 0;

export const signal = kind("a signal such as TERM, HUP or 15", (given, _, refuse): SignalName => {
  const found = signalNamed(given);
  if (found) return found;
  const known = signals.map(([name]) => name.slice("SIG".length));
  return refuse(suggest(withSig(given.trim().toUpperCase()).slice("SIG".length), known));
});

/** `environment=`: KEY=value pairs. */
export const keyValues = kind(
  'KEY="value" pairs with commas between them',
  (given): Readonly<Record<string, string>> => parseKeyValues(given),
);

/** Words with commas between them; white space around each is dropped. */
export const split = (given: string): readonly string[] =>
  given === "" ? [] : given.split(",").map((name) => name.trim());

/** Names with commas between them; white space around each is dropped. */
export const names = kind("names with commas between them", split);

/** One of a few words. */
export const choice = <const W extends string>(...choices: readonly W[]): Kind<W> =>
  kind(
    choices.join(", ").replace(/, (?=[^,]*$)/, " or "),
    (given, _, refuse) =>
      choices.find((word) => word === given.trim().toLowerCase()) ??
      refuse(suggest(given.toLowerCase(), choices)),
  );

export const logLevels = [
  "critical",
  "error",
  "warn",
  "info",
  "debug",
  "trace",
  "blather",
] as const;
export type LogLevel = (typeof logLevels)[number];
export const logLevel = choice(...logLevels);
