import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { configText, launch, startDaemon, tempDir } from "../support/daemon.ts";
import { answering, program } from "../support/fcgi.ts";
import { withoutKoffi } from "../support/koffi.ts";
import { freePort } from "../support/sockets.ts";

const asRoot = process.getuid?.() === 0;

describe("a socket that cannot be made", () => {
  /** An untouched neighbour, and a program that does not start, with the reason. */
  async function failing(options: string) {
    const daemon = await startDaemon(
      `${program(`${options}\nstartretries=1000`)}\n[program:other]\ncommand=sleep 1000\nstartsecs=0`,
    );
    const { pid } = await daemon.state("other", "RUNNING");
    const { spawnerr } = await daemon.state("f", "BACKOFF");
    return { daemon, pid, spawnerr };
  }

  test("because a port is taken, until it is free", async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const url = `tcp://127.0.0.1:${port}`;
    const { daemon, pid, spawnerr } = await failing(`socket=${url}`);
    const why = `Could not create FastCGI socket ${url}: [Errno 98] Address already in use`;
    expect(spawnerr).toBe(why);
    expect(daemon.log()).toContain(`INFO spawnerr: ${why}\n`);
    expect((await daemon.ctl("start", "f")).stdout).toBe("f: ERROR (already started)\n");
    await new Promise((resolve) => taken.close(resolve));
    await daemon.state("f", "RUNNING");
    expect(await answering({ host: "127.0.0.1", port })).toBe((await daemon.info("f")).pid);
    expect((await daemon.info("other")).pid).toBe(pid);
  });

  test("because its folder is missing, until it is there", async () => {
    const { daemon, pid, spawnerr } = await failing("socket=unix://%(here)s/no/f.sock");
    const url = `unix://${daemon.dir}/no/f.sock`;
    expect(spawnerr).toBe(
      `Could not create FastCGI socket ${url}: [Errno 2] No such file or directory`,
    );
    mkdirSync(`${daemon.dir}/no`);
    await daemon.state("f", "RUNNING");
    expect((await daemon.info("other")).pid).toBe(pid);
  });

  test("because something else is at its path, which stays", async () => {
    const file = path.join(tempDir(), "precious");
    writeFileSync(file, "precious");
    const { daemon, spawnerr } = await failing(`socket=unix://${file}`);
    expect(spawnerr).toBe(
      `Could not create FastCGI socket unix://${file}: ${file} exists and is not a socket: remove it or choose another path`,
    );
    rmSync(file);
    await daemon.state("f", "RUNNING");
  });

  test("because its host is none", async () => {
    const { spawnerr } = await failing("socket=tcp://no-such-host.invalid:9000");
    expect(spawnerr).toMatch(/^Could not create FastCGI socket tcp:\S+: \[Errno -[23]\] \w+/);
  });

  test.runIf(asRoot)("because it may not have its owner (only as root)", async () => {
    const dir = tempDir();
    chmodSync(dir, 0o777);
    const config = path.join(dir, "drover.conf");
    const file = `${dir}/f.sock`;
    const programs = program(`socket=unix://${file}\nsocket_owner=daemon\ncommand=sleep 1`);
    writeFileSync(config, configText(programs, "user=nobody"));
    const daemon = await launch(dir, config);
    const { spawnerr } = await daemon.state("f", "BACKOFF");
    expect(spawnerr).toBe(
      `Could not create FastCGI socket unix://${file}: Could not change ownership of socket file: [Errno 1] Operation not permitted: '${file}'`,
    );
    expect(existsSync(file)).toBe(false);
  });

  test("because another program listens on it, until that is down", async () => {
    const daemon = await startDaemon(
      program("socket=unix://%(here)s/s", "a") +
        program("socket=unix://%(here)s//./s\nautostart=false\nstartretries=1000", "b"),
    );
    const { pid } = await daemon.state("a", "RUNNING");
    expect((await daemon.ctl("start", "b")).stdout).toBe("b: ERROR (spawn error)\n");
    const { spawnerr } = await daemon.state("b", "BACKOFF");
    expect(spawnerr).toBe(
      `Could not create FastCGI socket unix://${daemon.dir}/s: [fcgi-program:a] is listening there already`,
    );
    expect(await answering({ path: `${daemon.dir}/s` })).toBe(pid);
    await daemon.ctl("stop", "a");
    const { pid: next } = await daemon.state("b", "RUNNING");
    expect(await answering({ path: `${daemon.dir}/s` })).toBe(next);
  });

  test("because koffi is missing, which is named", async () => {
    vi.stubEnv("NODE_OPTIONS", withoutKoffi());
    onTestFinished(() => void vi.unstubAllEnvs());
    const { spawnerr } = await failing("socket=unix://%(here)s/f.sock");
    expect(spawnerr).toBe("fcgi-program needs the optional package koffi, which is not installed");
  });
});
