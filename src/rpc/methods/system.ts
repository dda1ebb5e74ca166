import { array, list, struct, text } from "../values.ts";
import { table } from "./row.ts";

/** What every server of XML-RPC and of JSON-RPC tells of itself. */
export const systemMethods = table({
  "rpc.discover": {
    role: "read",
    params: {},
    result: struct<object>("an OpenRPC document"),
    faults: [],
    doc: "What there is to call over JSON-RPC, for programs.",
  },
  "system.multicall": {
    role: "read",
    params: { calls: list("structs of methodName and params") },
    result: array<unknown[]>("the result of each call, or a struct of faultCode and faultString"),
    faults: [],
    doc: "Make several calls one after the other. Each needs what it would need alone.",
  },
  "system.listMethods": {
    role: "read",
    params: {},
    result: array<string[]>(),
    faults: [],
    doc: "The names of all methods.",
  },
  "system.methodHelp": {
    role: "read",
    params: { name: text("method name") },
    result: text("help"),
    faults: ["SIGNATURE_UNSUPPORTED"],
    doc: "What a method does, takes and answers.",
  },
  "system.methodSignature": {
    role: "read",
    params: { name: text("method name") },
    result: array<string[]>(),
    faults: ["SIGNATURE_UNSUPPORTED"],
    doc: "The types of a method's result and parameters.",
  },
});
