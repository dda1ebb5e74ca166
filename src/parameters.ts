import { suggest } from "./config/problems.ts";
import { Fault } from "./faults.ts";

/** For the parameters of a URL. @throws Fault BAD_ARGUMENTS naming those that there are */
export function expectKnown(given: URLSearchParams, known: readonly string[]): void {
  for (const key of given.keys()) {
    if (known.includes(key)) continue;
    const there = `there are ${known.join(", ")}`;
    throw new Fault("BAD_ARGUMENTS", `${key}: ${there}${suggest(key, known)}`);
  }
}

/** @throws Fault BAD_ARGUMENTS */
export function oneOf<const W extends string>(key: string, text: string, words: readonly W[]): W {
  const found = words.find((word) => word === text.toLowerCase());
  if (found === undefined) {
    throw new Fault("BAD_ARGUMENTS", `${key}: expected ${words.join(", ")}, got "${text}"`);
  }
  return found;
}

/** A parameter without a value is a yes: `?follow`. @throws Fault BAD_ARGUMENTS */
export function yesOrNo(key: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (["", "1", "yes", "true", "on"].includes(word)) return true;
  if (["0", "no", "false", "off"].includes(word)) return false;
  throw new Fault("BAD_ARGUMENTS", `${key}: expected yes or no, got "${text}"`);
}
