import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, expectTypeOf, test } from "vitest";
import { connect, Fault, type ProcessInfo } from "../../src/index.ts";
import { eventually, launch, root, run, startDaemon, tempDir } from "../support/daemon.ts";

const web = `
[program:web]
command=sh -c 'for i in 1 2 3; do echo line $i; done; exec sleep 1000'
startsecs=0
autostart=false
stdout_logfile=%(here)s/web.log
log_timestamps=iso
`;

const take = async (lines: AsyncIterable<{ line: string }>): Promise<string[]> => {
  const taken: string[] = [];
  for await (const { line } of lines) taken.push(line.replace(/^\S+ /, ""));
  return taken;
};

test("the example of docs/client.md does what it says, with the package as npm installs it", async () => {
  const dir = tempDir();
  const daemon = await startDaemon(web);
  const page = readFileSync(path.join(root, "docs/client.md"), "utf8");
  const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  mkdirSync(path.join(dir, "node_modules"));
  symlinkSync(root, path.join(dir, "node_modules/drover"));
  const script = example.replace("unix:///run/drover/drover.sock", `unix://${daemon.socket}`);
  expect(script).not.toBe(example);
  writeFileSync(path.join(dir, "example.ts"), script);
  writeFileSync(path.join(dir, "example.mjs"), script);
  writeFileSync(path.join(dir, "package.json"), '{"type":"module"}');
  const tsc = path.join(root, "node_modules/.bin/tsc");
  const flags = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--types",
    "node",
  ];
  const roots = ["--typeRoots", path.join(root, "node_modules/@types")];
  const checked = await run(tsc, [...flags, ...roots, path.join(dir, "example.ts")]);
  expect(checked).toEqual({ code: 0, stdout: "", stderr: "" });

  await daemon.client.call("supervisor.startProcess", { name: "web", wait: true });
  await eventually("its lines", () => daemon.file("web.log").includes("line 3"));
  const { code, stdout, stderr } = await run(process.execPath, [path.join(dir, "example.mjs")]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.replaceAll(/\d{4}-\S+ /g, "")).toBe(
    "web RUNNING\nline 2\nline 3\nPROCESS_STATE_STARTING web\nPROCESS_STATE_RUNNING web\n",
  );
});

test("calls and streams outlive a restart of the daemon, when they are asked to", async () => {
  const daemon = await startDaemon(web.replace("autostart=false", ""));
  const url = `unix://${daemon.socket}`;
  const client = connect({ url, reconnectMs: 20_000 });
  const all = await client.call("getAllProcessInfo");
  expectTypeOf(all).toExtend<ProcessInfo[]>();
  expect(all).toHaveLength(1);
  await expect(client.call("startProcess", { name: "nosuch" })).rejects.toThrow(Fault);
  await eventually("its lines", () => daemon.file("web.log").includes("line 3"));
  expect(await take(client.logs("web"))).toEqual(["line 1", "line 2", "line 3"]);
  expect(await take(client.logs(["web"], { grep: "2$", stream: "stdout" }))).toEqual(["line 2"]);

  const over = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    const lines = client.logs("web", { follow: true, lines: 1, signal: over.signal });
    for await (const { line } of lines) seen.push(line.replace(/^\S+ /, ""));
  })();
  await eventually("the last line", () => seen.includes("line 3"));
  await daemon.stop();
  await expect(connect(url).call("getPID")).rejects.toThrow("ENOENT");
  const waiting = client.call("getPID");
  const next = await launch(daemon.dir, daemon.config);
  expect(await waiting).toBe(next.pid);
  // What it had seen last may come once more: by the time it is the same moment.
  await eventually("what the next child has written", () =>
    seen.join(" ").endsWith("line 1 line 2 line 3"),
  );
  over.abort();
  await following;
});
