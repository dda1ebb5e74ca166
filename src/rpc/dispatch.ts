import { Fault } from "../faults.ts";
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

/** As `dispatch`, with the answer that supervisord would give: for the clients that it has. */
export async function dispatchPlain(
  handlers: Handlers,
  name: string,
  given: readonly unknown[],
  gate?: Gate,
): Promise<unknown> {
  const result = await dispatch(handlers, name, given, gate);
  const method = canonical.get(name);
  return method ? withoutOurs(result, methods[method].result as ResultKind<unknown>) : result;
}

/**
 * Runs one call. The name selects a row of the table or it is a fault: nothing is looked up by
 * walking objects.
 * @param gate is told of the call first, and may refuse it
 * @throws Fault UNKNOWN_METHOD, INCORRECT_PARAMETERS, or what the gate or the handler gives
 */
export async function dispatch(
  handlers: Handlers,
  name: string,
  given: readonly unknown[] | Readonly<Record<string, unknown>>,
  gate?: Gate,
): Promise<unknown> {
  const method = canonical.get(name);
  if (!method) throw new Fault("UNKNOWN_METHOD");
  const params = readParams(methods[method].params, given);
  gate?.(method, params);
  // The row's own parameters were read by its own kinds, which is what the handler takes.
  const handler = handlers[method] as (params: unknown) => unknown;
  return await handler(params);
}
