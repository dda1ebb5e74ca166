import { setImmediate } from "node:timers/promises";
import { Fault } from "../faults.ts";
import { onBehalfOf } from "./asking.ts";
import type { Gate } from "./door.ts";
import { type Handlers, type MethodName, methods } from "./methods.ts";
import { type ParamKind, type ResultKind, readParams, withoutOurs } from "./values.ts";

/** Method names, aliases among them, to the row and the handler they stand for. */
const canonical = new Map<string, MethodName>(
  (Object.keys(methods) as MethodName[]).flatMap((name) => {
    const row: { doc: string; aliases?: readonly string[] } = methods[name];
    return [name, ...(row.aliases ?? [])].map((alias) => [alias, name] as const);
  }),
);

/** The calls that describe the interface itself: answered from the table alone. */
export const systemHandlers: Pick<
  Handlers,
  "system.listMethods" | "system.methodHelp" | "system.methodSignature"
> = {
  "system.listMethods": () => [...canonical.keys()].sort(),
  "system.methodHelp": ({ name }) => {
    const { params, result, doc } = describedMethod(name);
    const lines = Object.entries(params).map(
      ([param, kind]) => `@param ${kind.type} ${param} ${kind.doc}`,
    );
    return [doc, "", ...lines, `@return ${result.type} ${result.doc}`.trimEnd()].join("\n");
  },
  "system.methodSignature": ({ name }) => {
    const { params, result } = describedMethod(name);
    return [result.type, ...Object.values(params).map(({ type }) => type)];
  },
};

interface Described {
  params: Record<string, ParamKind<unknown>>;
  result: { type: string; doc: string };
  doc: string;
}

function describedMethod(name: string): Described {
  const found = canonical.get(name);
  if (!found) throw new Fault("SIGNATURE_UNSUPPORTED");
  return methods[found];
}

/** Makes one call of a request, and each one in a multicall. */
type Call = (name: string, given: Given) => Promise<unknown>;

type Given = readonly unknown[] | Readonly<Record<string, unknown>>;

/** As `dispatch`, with the answer that supervisord would give: for the clients that it has. */
export async function dispatchPlain(
  handlers: Handlers,
  name: string,
  given: readonly unknown[],
  gate?: Gate,
): Promise<unknown> {
  const call: Call = (each, params) => dispatchPlain(handlers, each, params as unknown[], gate);
  const result = await run(handlers, { name, given, gate, call });
  const method = canonical.get(name);
  return method ? withoutOurs(result, methods[method].result as ResultKind<unknown>) : result;
}

/**
 * Runs one call. The name selects a row of the table or it is a fault: nothing is looked up by
 * walking objects.
 * @param gate is told of the call first, and may refuse it
 * @throws Fault UNKNOWN_METHOD, INCORRECT_PARAMETERS, or what the gate or the handler gives
 */
export function dispatch(
  handlers: Handlers,
  name: string,
  given: Given,
  gate?: Gate,
): Promise<unknown> {
  const call: Call = (each, params) => dispatch(handlers, each, params, gate);
  return run(handlers, { name, given, gate, call });
}

interface Request {
  name: string;
  given: Given;
  gate: Gate | undefined;
  /** For those in a multicall. */
  call: Call;
}

async function run(handlers: Handlers, { name, given, gate, call }: Request): Promise<unknown> {
  const method = canonical.get(name);
  if (!method) throw new Fault("UNKNOWN_METHOD");
  const params = readParams(methods[method].params, given);
  gate?.check(method, params);
  if (method === "system.multicall") {
    const calls = params.calls as unknown[];
    gate?.take(calls.length);
    return await multicall(calls, call);
  }
  // The row's own parameters were read by its own kinds, which is what the handler takes.
  const handler = handlers[method] as (params: unknown) => unknown;
  return await onBehalfOf(gate?.caller, () => handler(params));
}

/** After so many of one request the others have their turn. */
export const CALLS_IN_A_ROW = 16;

/**
 * Runs each call when the one before is done. As in supervisord a result stands for itself, where others
 * who have this method wrap it in an array.
 */
async function multicall(calls: readonly unknown[], call: Call): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [at, one] of calls.entries()) {
    if (at % CALLS_IN_A_ROW === CALLS_IN_A_ROW - 1) await setImmediate();
    try {
      const { methodName, params = [] } = Object(one) as Record<string, unknown>;
      if (typeof methodName !== "string" || methodName === "") {
        throw new Fault("INCORRECT_PARAMETERS", "No methodName");
      }
      if (methodName === "system.multicall") {
        throw new Fault("INCORRECT_PARAMETERS", "Recursive system.multicall forbidden");
      }
      if (!Array.isArray(params)) throw new Fault("INCORRECT_PARAMETERS", "params: expected array");
      results.push(await call(methodName, params));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      results.push({ faultCode: error.code, faultString: error.message });
    }
  }
  return results;
}
