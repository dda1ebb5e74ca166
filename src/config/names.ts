import path from "node:path";
import { eventNames, placeOf } from "../hooks/template.ts";
import type { Names } from "./expand.ts";

const process = ["here", "host_node_name", "program_name", "group_name"];

/** Which names an option may expand, besides `ENV_*`: supervisord's rules, option by option. */
const scopes = {
  env: [],
  here: ["here"],
  host: ["here", "host_node_name"],
  hook: ["here", "host_node_name", ...eventNames],
  socket: ["here", "program_name"],
  program: process,
  process: [...process, "process_num", "numprocs"],
} as const satisfies Record<string, readonly string[]>;

export type Scope = keyof typeof scopes;

/** The names that a scope has besides `ENV_*`. */
export const namesOf = (scope: Scope): readonly string[] => scopes[scope];

/** What is known once there is an event. */
export const atEvent: Readonly<Record<string, string>> = Object.fromEntries(
  eventNames.map((name) => [name, placeOf(name)]),
);

/** What there is to expand at one place of the configuration; an option's scope picks from it. */
export interface Known {
  /** Of the daemon's environment and `[supervisord] environment=`. */
  env: Readonly<Record<string, string | undefined>>;
  /** The program's own environment. */
  own?: Readonly<Record<string, string>>;
  values: Readonly<Record<string, string | number>>;
  /** `here` is known everywhere when there is an `[include]`, as in supervisord. */
  hereEverywhere: boolean;
  /** What relative paths are relative to. */
  cwd: string;
}

/** The names for an option of a scope that stands in `file`. */
export function namesFor(scope: Scope, known: Known, file: string): Names {
  const names: readonly string[] = scopes[scope];
  const has = (name: string) => names.includes(name) || (name === "here" && known.hereEverywhere);
  return {
    get(name) {
      if (name.startsWith("ENV_")) {
        const variable = name.slice("ENV_".length);
        return own(known.own, variable) ?? own(known.env, variable);
      }
      if (!has(name)) return undefined;
      return name === "here" ? path.dirname(path.resolve(known.cwd, file)) : known.values[name];
    },
    *keys(): Iterable<string> {
      if (has("here")) yield "here";
      yield* Object.keys(known.values).filter(has);
      for (const variables of [known.own, known.env]) {
        for (const variable in variables)
          if (Object.hasOwn(variables, variable)) yield `ENV_${variable}`;
      }
    },
  };
}

const own = (
  values: Readonly<Record<string, string | undefined>> | undefined,
  name: string,
): string | undefined => (values && Object.hasOwn(values, name) ? values[name] : undefined);
