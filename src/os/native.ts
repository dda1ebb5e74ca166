import { createRequire } from "node:module";
import { errorName } from "./errno.ts";

/** One function of the C library, called with what its declaration says. */
export type NativeFunction = (...args: unknown[]) => number;

/** The C library, for the system calls that Node lacks. */
export interface Native {
  /** Declares a function, in C. */
  func(declaration: string): NativeFunction;
  /** The name of the error of the latest call that failed, such as EPERM. */
  errno(): string;
}

type Koffi = typeof import("koffi");

let loaded: { native: Native | undefined } | undefined;

/**
 * The one door to system calls that Node lacks; undefined where its package is not installed, which
 * is optional. What needs it says so, and everything else works without.
 */
export function native(): Native | undefined {
  loaded ??= { native: load() };
  return loaded.native;
}

/** From here on as if the package were not installed. */
export function withoutNative(): void {
  loaded = { native: undefined };
}

function load(): Native | undefined {
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch {
    // Not installed, or not made for this machine: the callers say what is missing for that.
    return undefined;
  }
  const library = koffi.load(null);
  return {
    func: (declaration) => library.func(declaration) as unknown as NativeFunction,
    errno: () => errorName(koffi.errno()),
  };
}

/** Declares functions once, when the first of them is needed. */
export function declare<const D extends Record<string, string>>(declarations: D) {
  type Functions = Record<keyof D, NativeFunction>;
  let functions: { of: Native; all: Functions } | undefined;
  return (library: Native): Functions => {
    if (functions?.of !== library) {
      const all = Object.entries(declarations).map(([name, text]) => [name, library.func(text)]);
      functions = { of: library, all: Object.fromEntries(all) as Functions };
    }
    return functions.all;
  };
}
