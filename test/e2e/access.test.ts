import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { hostname } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { configText, droverd, launch, run, type TestDaemon, tempDir } from "../support/daemon.ts";
import { withoutKoffi } from "../support/koffi.ts";
import { available } from "../support/peers.ts";
import { freePort } from "../support/sockets.ts";

const asRoot = process.getuid?.() === 0;
const PROGRAMS = "[program:cat]\ncommand=cat\nstartsecs=0\n[program:b]\ncommand=cat\nstartsecs=0\n";

/** A daemon whose `[unix_http_server]` has these options, and whose folder others may enter. */
async function start(options: string, more = "", env: Record<string, string> = {}) {
  const dir = tempDir();
  chmodSync(dir, 0o755);
  const config = path.join(dir, "drover.conf");
  const text = configText(PROGRAMS + more).replace("d.sock\n", `d.sock\n${options}\n`);
  writeFileSync(config, text);
  return launch(dir, config, { env });
}

const audited = (daemon: TestDaemon): string[] =>
  daemon
    .log()
    .split("\n")
    .flatMap((line) => /audit: (.*)/.exec(line)?.[1] ?? []);

/** The status of an answer, over a Unix socket or a port. */
function post(
  to: { socketPath: string } | { port: number },
  headers: Record<string, string>,
  url = "/RPC2",
  body = "<methodCall><methodName>supervisor.getPID</methodName></methodCall>",
): Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const method = body === "" ? "GET" : "POST";
    const outgoing = request({ ...to, method, path: url, headers, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", async (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
        // Of a stream that goes on the head is enough.
        if (body === "") response.destroy();
      });
      response.on("close", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    outgoing.end(body);
  });
}

describe.runIf(asRoot && available("supervisorctl") && available("setpriv"))("roles", () => {
  const options = "chmod=0777\noperators=nobody, @54321\nread_only_gids=54322";

  test("each may do what it says, the real supervisorctl included, and all of it is written down", async () => {
    const daemon = await start(options);
    const as = async (uid: number, gid: number, groups: number[], ...words: string[]) => {
      const who = [`--reuid=${uid}`, `--regid=${gid}`];
      const also = groups.length > 0 ? `--groups=${groups}` : "--clear-groups";
      const url = `unix://${daemon.socket}`;
      const { stdout } = await run("setpriv", [
        ...[...who, also, "supervisorctl", "-s", url, ...words],
      ]);
      return stdout.trim();
    };
    const many = Array.from({ length: 40 }, (_, at) => 50_000 + at);
    const [reader, operator, member, nobody] = [
      (...words: string[]) => as(61_001, 61_001, [54_322], ...words),
      (...words: string[]) => as(65_534, 61_001, [], ...words),
      (...words: string[]) => as(61_002, 61_002, [...many, 54_321], ...words),
      (...words: string[]) => as(61_003, 61_003, [], ...words),
    ];
    expect(await reader("status", "cat")).toMatch(/^cat +RUNNING/);
    expect(await reader("stop", "cat")).toMatch(
      /FAILED: supervisor.stopProcess needs the role operate, and uid 61001, pid \d+ has read/,
    );
    expect(await reader("shutdown")).toMatch(/FAILED|error/);
    expect(await operator("stop", "cat")).toBe("cat: stopped");
    expect(await member("start", "cat")).toBe("cat: started");
    expect(await member("shutdown")).not.toMatch(/^Shut down/);
    expect(await operator("reload")).not.toMatch(/^Restarted/);
    expect(await nobody("status")).not.toMatch(/RUNNING/);
    // As root we are the daemon's own user.
    expect((await daemon.ctl("stop", "cat")).stdout).toBe("cat: stopped\n");
    const lines = audited(daemon).map((line) => line.replaceAll(/pid \d+/g, "pid N"));
    expect(lines.filter((line) => !line.startsWith("refused"))).toEqual([
      'uid 65534, pid N: supervisor.stopProcess "cat"',
      'uid 61002, pid N: supervisor.startProcess "cat"',
      'uid 0, pid N: supervisor.stopProcess "cat"',
    ]);
    expect(lines).toContainEqual(
      'refused: uid 61001, pid N: supervisor.stopProcess "cat": the caller\'s role is read, and this needs operate',
    );
    expect((await daemon.info("b")).statename).toBe("RUNNING");
  });

  test("by the groups that a client had when it connected, and not by those of its pid", async () => {
    const daemon = await start(options);
    // It connects with the group, gives it up, and only then asks.
    const script = `
import os, socket, sys
os.setgroups([54321]); os.setgid(61001); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
os.setgroups([]); os.setuid(61001)
body = b"<methodCall><methodName>supervisor.stopProcess</methodName><params><param><value>cat</value></param></params></methodCall>"
s.sendall(b"POST /RPC2 HTTP/1.1\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
print(s.makefile().read())`;
    const { stdout } = await run("python3", ["-c", script, daemon.socket]);
    expect(stdout).toContain("<boolean>1</boolean>");
  });

  test("without koffi: no roles but a reason not to start, and audit lines without a uid", async () => {
    const dir = tempDir();
    const env = { NODE_OPTIONS: withoutKoffi() };
    const file = path.join(dir, "drover.conf");
    writeFileSync(file, configText(PROGRAMS).replace("d.sock\n", "d.sock\noperators=nobody\n"));
    const { status, stderr } = spawnSync(process.execPath, [droverd, "-n", "-s", "-c", file], {
      encoding: "utf8",
      env: { ...process.env, ...env },
      timeout: 10_000,
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/\[unix_http_server\] operators= needs the optional package koffi/);
    const daemon = await start("", "", env);
    await daemon.ctl("stop", "cat");
    expect(audited(daemon)).toEqual(['a local user: supervisor.stopProcess "cat"']);
  });
});

describe("a server on a port", () => {
  const inet = (port: number, options: string, name = "") =>
    `[inet_http_server${name}]\nport=127.0.0.1:${port}\n${options}\n`;

  test("answers to its own names only, where no password keeps pages of browsers out", async () => {
    const [open, named, closed] = [await freePort(), await freePort(), await freePort()];
    const hash = spawnSync(process.execPath, [droverd, "hash-password"], {
      input: "s3cret\n",
      encoding: "utf8",
    }).stdout.trim();
    const daemon = await start(
      "",
      inet(open, "", ":a") +
        inet(named, "allowed_hosts=queue1.example.com", ":b") +
        inet(closed, `username=ops\npassword=${hash}`, ":c"),
    );
    const status = async (port: number, headers: Record<string, string>, url?: string) =>
      (await post({ port }, headers, url, url && "")).status;
    const evil = { Host: `evil.example:${open}` };
    expect(await status(open, {})).toBe(200);
    expect(await status(open, { Host: hostname() })).toBe(200);
    expect(await status(open, evil)).toBe(403);
    // Logs hold secrets: they are not for pages either.
    expect(await status(open, evil, "/mainlogtail")).toBe(403);
    expect(await status(open, evil, "/logs/cat")).toBe(403);
    expect(await status(open, { Origin: "http://evil.example" })).toBe(403);
    expect(await status(open, { "Sec-Fetch-Site": "cross-site" }, "/logs/cat")).toBe(403);
    expect(await status(named, { Host: "Queue1.example.com:9001" })).toBe(200);
    expect(await status(named, evil)).toBe(403);
    const login = (text: string) => ({ Authorization: `Basic ${btoa(text)}`, ...evil });
    const refusal = await post({ port: closed }, evil);
    expect(refusal).toMatchObject({
      status: 401,
      headers: { "www-authenticate": 'Basic realm="default"', connection: "close" },
    });
    expect(await status(closed, login("ops:s3cre"))).toBe(401);
    expect(await status(closed, login("ops:s3cret"))).toBe(200);
    expect(await status(closed, { ...login("ops:s3cret"), Origin: "http://evil.example" })).toBe(
      403,
    );
    const answer = await post({ port: closed }, login("ops:s3cret"));
    expect(Object.keys(answer.headers).filter((name) => /^access-control/.test(name))).toEqual([]);
    const stop =
      "<methodCall><methodName>supervisor.stopProcess</methodName><params><param><value>cat</value></param></params></methodCall>";
    await post({ port: closed }, login("ops:s3cret"), "/RPC2", stop);
    await post({ port: open }, {}, "/RPC2", stop.replace("stopProcess", "startProcess"));
    const lines = audited(daemon);
    expect(lines).toContain('ops@127.0.0.1: supervisor.stopProcess "cat"');
    expect(lines).toContain('127.0.0.1: supervisor.startProcess "cat"');
    expect(lines.find((line) => line.startsWith("refused"))).toMatch(
      /^refused: 127.0.0.1: this server is not called "evil.example:\d+": see allowed_hosts=/,
    );
    for (const secret of ["s3cre", hash, btoa("ops:s3cret")]) {
      expect(daemon.log() + daemon.stderr()).not.toContain(secret);
    }
  });
});
