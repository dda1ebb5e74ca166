import { faultCode } from "../faults.ts";
import { type MethodName, methods } from "./methods.ts";
import type { Field, Shape } from "./shapes.ts";
import type { ParamKind, ResultKind } from "./values.ts";

/**
 * What there is to call over JSON-RPC, as OpenRPC 1.3 describes it (spec.open-rpc.org).
 * @param version of the daemon
 */
export const openRpc = (version: string): object => ({
  openrpc: "1.3.2",
  info: { title: "drover", version, description: "A process supervisor for queue workers." },
  methods: (Object.keys(methods) as MethodName[]).map(describeMethod),
});

function describeMethod(name: MethodName): object {
  const { params, result, faults, doc } = methods[name];
  return {
    name,
    summary: doc,
    // Either way: a call may give its parameters in this order, or by name.
    paramStructure: "either",
    params: Object.entries<ParamKind<unknown>>(params).map(([param, kind]) => ({
      name: param,
      required: kind.default === undefined,
      schema: { ...schemaOf(kind), description: kind.doc, default: kind.default },
    })),
    result: { name: "result", schema: schemaOf(result) },
    errors: faults.map((fault) => ({ code: faultCode(fault), message: fault })),
  };
}

const types = { string: "string", int: "integer", boolean: "boolean" } as const;

function schemaOf({ type, doc, shape }: ResultKind<unknown>): object {
  const description = doc === "" ? undefined : doc;
  switch (type) {
    case "array":
      return { type, description, items: shape && schemaOfShape(shape) };
    case "struct":
      return { type: "object", description, ...(shape && schemaOfShape(shape)) };
    default:
      return { type: types[type], description };
  }
}

function schemaOfShape(shape: Shape): object {
  const fields = Object.entries(shape);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([key, field]) => [key, schemaOfField(field)])),
    required: fields.filter(([, { optional }]) => !optional).map(([key]) => key),
  };
}

function schemaOfField({ type, doc, shape }: Field): object {
  const described = { type, description: doc };
  if (!shape) return described;
  return type === "array"
    ? { ...described, items: schemaOfShape(shape) }
    : { ...described, ...schemaOfShape(shape), description: doc };
}
