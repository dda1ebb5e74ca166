import { kind } from "./kind.ts";
import { split } from "./words.ts";

/** Something that must be up before a process is started. */
export interface Need {
  /** Of a program, a group, or one process. */
  name: string;
  /** Running is not enough. */
  ready: boolean;
}

const READY = ":ready";

export const needs = kind(
  "names of programs, groups or processes with commas between them, each with :ready or without",
  (given, _, refuse): readonly Need[] =>
    split(given).map((text) => {
      const ready = text.endsWith(READY);
      const name = ready ? text.slice(0, -READY.length) : text;
      return name === "" ? refuse() : { name, ready };
    }),
);
