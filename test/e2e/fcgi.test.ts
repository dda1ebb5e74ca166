import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { eventually, isAlive, launch, run, startDaemon } from "../support/daemon.ts";
import { requestScript } from "../support/fastcgi.ts";
import { answering, pair, pidsOf, program, socketLines } from "../support/fcgi.ts";
import { available } from "../support/peers.ts";
import { descriptorOf, freePort, listensOn, say } from "../support/sockets.ts";

const asRoot = process.getuid?.() === 0;

interface Place {
  socket: string;
  /** Once the daemon is there, and with it its folder. */
  to(dir: string): { path: string } | { host: string; port: number };
  url(dir: string): string;
}

const places: [string, () => Promise<Place>][] = [
  [
    "TCP",
    async () => {
      const port = await freePort();
      const to = () => ({ host: "127.0.0.1", port });
      return { socket: `tcp://localhost:${port}`, to, url: () => `tcp://localhost:${port}` };
    },
  ],
  [
    "unix",
    async () => {
      const to = (dir: string) => ({ path: `${dir}/f.sock` });
      return { socket: "unix://%(here)s/f.sock", to, url: (dir) => `unix://${dir}/f.sock` };
    },
  ],
];

describe.each(places)("a %s socket", (_, choose) => {
  test("is stdin of all processes, closed with the last of them and made anew for the next", async () => {
    const place = await choose();
    const daemon = await startDaemon(program(`socket=${place.socket}${pair}`));
    const to = place.to(daemon.dir);
    await daemon.state("f:f0", "RUNNING");
    await daemon.state("f:f1", "RUNNING");
    const pids = await pidsOf(daemon);
    const [first = "", second] = pids.map((pid) => descriptorOf(pid, 0));
    expect(second).toBe(first);
    expect(listensOn(first)).toBe(
      "path" in to ? to.path : `0100007F:${to.port.toString(16).toUpperCase().padStart(4, "0")}`,
    );
    expect(pids).toContain(await answering(to));

    await daemon.client.call("supervisor.stopAllProcesses", { wait: true });
    const nobody = "path" in to ? "ENOENT" : "ECONNREFUSED";
    await expect(say(to)).rejects.toThrow(nobody);
    await daemon.client.call("supervisor.startProcess", { name: "f:f1", wait: true });
    expect(await answering(to)).toBe((await daemon.info("f:f1")).pid);
    await daemon.stop();
    await expect(say(to)).rejects.toThrow(nobody);
    const url = place.url(daemon.dir);
    const once = [`Creating socket ${url}`, `Closing socket ${url}`];
    expect(socketLines(daemon)).toEqual([...once, ...once]);
  });

  test("stays open while one of two restarts: who connects waits", async () => {
    const place = await choose();
    const daemon = await startDaemon(program(`socket=${place.socket}${pair}`));
    const to = place.to(daemon.dir);
    await daemon.state("f:f0", "RUNNING");
    const { pid: other } = await daemon.state("f:f1", "RUNNING");
    const before = descriptorOf(other, 0);
    process.kill(other, "SIGSTOP");
    await daemon.client.call("supervisor.stopProcess", { name: "f:f0", wait: true });
    const waiting = Promise.all([answering(to), answering(to), answering(to)]);
    await daemon.client.call("supervisor.startProcess", { name: "f:f0", wait: true });
    const { pid } = await daemon.info("f:f0");
    expect(await waiting).toEqual([pid, pid, pid]);
    expect(descriptorOf(pid, 0)).toBe(before);
    process.kill(other, "SIGCONT");
    expect(socketLines(daemon)).toHaveLength(1);
  });
});

test("a process has the socket once, and no other one of the daemon", async () => {
  const daemon = await startDaemon(
    program(`socket=unix://%(here)s/f.sock${pair}\ncommand=sleep 1000`),
  );
  await daemon.state("f:f0", "RUNNING");
  await daemon.state("f:f1", "RUNNING");
  const sockets = (await pidsOf(daemon)).map((pid) =>
    readdirSync(`/proc/${pid}/fd`).filter((fd) =>
      descriptorOf(pid, Number(fd)).startsWith("socket:"),
    ),
  );
  expect(sockets).toEqual([["0"], ["0"]]);
});

describe("the file of a Unix socket", () => {
  const state = async (options: string) => {
    const daemon = await startDaemon(program(`socket=unix://%(here)s/f.sock\n${options}`));
    chmodSync(daemon.dir, 0o755); // some children are of another user
    await daemon.state("f", "RUNNING");
    const { mode, uid, gid } = lstatSync(`${daemon.dir}/f.sock`);
    return { mode: (mode & 0o7777).toString(8), uid, gid };
  };

  test("has mode 700 and the owner of the daemon", async () => {
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    expect(await state("")).toEqual({ mode: "700", uid, gid });
  });

  test.runIf(asRoot)(
    "is that of the program's user, or of whoever is named (only as root)",
    async () => {
      const asNobody = "user=nobody\ncommand=sleep 1000\n";
      expect(await state(asNobody)).toEqual({ mode: "700", uid: 65_534, gid: 65_534 });
      expect(await state(`${asNobody}socket_owner=daemon:mail\nsocket_mode=0660`)).toEqual({
        mode: "660",
        uid: 1,
        gid: 8,
      });
    },
  );

  test("replaces that of a daemon that was killed, after its processes", async () => {
    // The second takes its time to end, and both hold the socket until then.
    const daemon = await startDaemon(
      program(`socket=unix://%(here)s/f.sock${pair}
command=sh -c 'trap "sleep 0.%(process_num)d; exit" TERM; while true; do sleep 0.05; done'
startretries=0`),
    );
    await daemon.state("f:f0", "RUNNING");
    await daemon.state("f:f1", "RUNNING");
    const left = await pidsOf(daemon);
    process.kill(daemon.pid, "SIGKILL");
    await eventually("it is dead", () => !isAlive(daemon.pid));
    const next = await launch(daemon.dir, daemon.config);
    await next.state("f:f0", "RUNNING");
    await next.state("f:f1", "RUNNING");
    expect(left.filter(isAlive)).toEqual([]);
    expect(socketLines(next).join("\n")).not.toContain("Could not");
  });
});

test("as many connections wait as socket_backlog says", async ({ skip }) => {
  if (!available("ss")) skip();
  const [first, second] = [await freePort(), await freePort()];
  const daemon = await startDaemon(
    program(`socket=tcp://127.0.0.1:${first}\nsocket_backlog=17\ncommand=sleep 1000`, "few") +
      program(`socket=tcp://127.0.0.1:${second}\ncommand=sleep 1000`, "many"),
  );
  await daemon.state("few", "RUNNING");
  await daemon.state("many", "RUNNING");
  const backlog = async (port: number) => {
    const { stdout } = await run("ss", ["-ltnH", `sport = :${port}`]);
    return Number(stdout.split(/\s+/)[2]);
  };
  expect(await backlog(first)).toBe(17);
  const most = Number(readFileSync("/proc/sys/net/core/somaxconn", "utf8"));
  expect(await backlog(second)).toBe(most);
});

test("a program in groups has its socket there too, and one for all of them", async () => {
  const daemon = await startDaemon(
    `${program("socket=unix://%(here)s/f.sock")}
[group:g]
programs=f
[group:h]
programs=f`,
  );
  const [g, h] = [await daemon.state("g:f", "RUNNING"), await daemon.state("h:f", "RUNNING")];
  expect(descriptorOf(g.pid, 0)).toBe(descriptorOf(h.pid, 0));
  expect(listensOn(descriptorOf(g.pid, 0))).toBe(`${daemon.dir}/f.sock`);
});

test("what a process leaves of its tree holds the socket too: it is closed after that", async () => {
  const daemon = await startDaemon(
    program(`socket=unix://%(here)s/f.sock
command=sh -c '(trap "" TERM; touch %(here)s/there; exec sleep 1000) & exec sleep 1000'
stopwaitsecs=1
stoptree=true
autorestart=false`),
  );
  const { pid } = await daemon.state("f", "RUNNING");
  await eventually("the second process", () => existsSync(`${daemon.dir}/there`));
  process.kill(pid, "SIGKILL");
  await daemon.state("f", "EXITED");
  const waited = daemon.log().indexOf("waiting for 1 process of its tree");
  const told = daemon.log().indexOf("exited: f");
  expect(waited).toBeGreaterThan(0);
  expect(told).toBeGreaterThan(waited);
  expect(daemon.log().indexOf("Closing socket")).toBeGreaterThan(told);
});

test("a stop command does not have the socket", async () => {
  const daemon = await startDaemon(
    program(`socket=unix://%(here)s/f.sock
stopcommand=sh -c 'readlink /proc/self/fd/0 > %(here)s/stdin; kill "$MAINPID"'`),
  );
  await daemon.state("f", "RUNNING");
  await daemon.ctl("stop", "f");
  expect(daemon.file("stdin")).toBe("/dev/null\n");
});

test("php-cgi answers requests, also while one of two restarts after each", async ({ skip }) => {
  if (!available("php-cgi")) skip();
  // The first takes any number of requests, the second takes one.
  const daemon = await startDaemon(`
[fcgi-program:php]
command=php-cgi
socket=unix://%(here)s/php.sock${pair}
autorestart=true
environment=PHP_FCGI_MAX_REQUESTS="%(process_num)d"
`);
  const script = `${daemon.dir}/hello.php`;
  writeFileSync(script, '<?php echo "Hello ", $_GET["name"], " from ", getmypid();');
  await daemon.state("php:php0", "RUNNING");
  await daemon.state("php:php1", "RUNNING");
  const page = /^Content-type: text\/html.*\r\n\r\nHello drover from (\d+)$/s;
  const pids = new Set<string>();
  await eventually("answers of four processes", async () => {
    const answer = await requestScript({ path: `${daemon.dir}/php.sock` }, script);
    const [, pid] = page.exec(answer) ?? [];
    if (pid === undefined) throw new Error(`not the page: ${answer}`);
    return pids.add(pid).size === 4;
  });
  expect(pids).toContain(String((await daemon.info("php:php0")).pid));
  expect(socketLines(daemon)).toHaveLength(1);
});
