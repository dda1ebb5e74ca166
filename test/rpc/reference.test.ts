import { expect, test } from "vitest";
import { methods } from "../../src/rpc/methods.ts";
import { openRpc } from "../../src/rpc/openrpc.ts";
import { rpcPage } from "../../src/rpc/reference.ts";

test("docs/rpc.md is what the tables say; `npm run docs` writes it anew", async () => {
  await expect(rpcPage()).toMatchFileSnapshot("../../docs/rpc.md");
});

interface Schema {
  type?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  required?: string[];
}

interface Document {
  openrpc: string;
  info: { title: string; version: string };
  methods: {
    name: string;
    params: { name: string; required: boolean; schema: Schema }[];
    result: { schema: Schema };
    errors: { code: number; message: string }[];
  }[];
}

test("the OpenRPC document has every method, with what it takes, answers and fails with", () => {
  const document = JSON.parse(JSON.stringify(openRpc("1.2.3"))) as Document;
  expect(document).toMatchObject({ openrpc: "1.3.2", info: { title: "drover", version: "1.2.3" } });
  expect(document.methods.map(({ name }) => name)).toEqual(Object.keys(methods));
  const find = (name: string) => document.methods.find((method) => method.name === name);
  expect(find("supervisor.startProcess")).toMatchObject({
    params: [
      { name: "name", required: true, schema: { type: "string" } },
      { name: "wait", required: false, schema: { type: "boolean", default: true } },
    ],
    errors: expect.arrayContaining([{ code: 50, message: "SPAWN_ERROR" }]),
  });
  const { items } = find("supervisor.getAllProcessInfo")?.result.schema ?? {};
  expect(items?.properties?.pid).toMatchObject({ type: "integer" });
  expect(items?.required).toContain("statename");
  expect(items?.required).not.toContain("lost_bytes");
  const details = find("supervisor.getProcessInfo")?.result.schema;
  expect(details?.properties?.exits?.items?.properties?.cause).toMatchObject({ type: "string" });
});
