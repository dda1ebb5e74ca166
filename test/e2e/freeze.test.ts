import { expect, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";

const programs = `
[program:web]
command=sleep 1000
startsecs=0
[program:short]
command=sleep 1000
startsecs=0
max_lifetime=1s
[program:bad]
command=sh -c 'exit 3'
startsecs=60
autostart=false
startretries=unlimited
`;

test("while the fleet is frozen nothing is started by itself, and it thaws when it is asked to, or by time", async () => {
  const daemon = await startDaemon(programs);
  const { pid: web } = await daemon.state("web", "RUNNING");
  const { pid: short } = await daemon.state("short", "RUNNING");
  expect((await daemon.ctl("thaw")).code).toBe(1);
  expect(await daemon.ctl("freeze", "--for", "5m")).toEqual({
    code: 0,
    stdout: "frozen for 5m: nothing is started by itself until then, or until thaw\n",
    stderr: "",
  });
  await daemon.ctl("start", "bad");
  process.kill(web, "SIGKILL");
  await daemon.state("web", "EXITED");
  // What is to be replaced runs on: a start of bad would be due by now, too.
  await eventually("it would be replaced", async () => {
    const { start, now } = await daemon.info("short");
    return now - start >= 3;
  });
  expect(await daemon.info("short")).toMatchObject({ pid: short, statename: "RUNNING" });
  expect(await daemon.info("web")).toMatchObject({ statename: "EXITED" });
  expect(await daemon.info("bad")).toMatchObject({ statename: "BACKOFF" });
  const { stdout } = await daemon.ctl("status", "--json");
  expect(JSON.parse(stdout)).toContainEqual(
    expect.objectContaining({ name: "web", frozen_until: expect.any(Number) }),
  );
  // Who asks for a start gets it.
  expect((await daemon.ctl("start", "web")).stdout).toBe("web: started\n");
  const { pid: again } = await daemon.info("web");
  process.kill(again, "SIGKILL");
  await daemon.state("web", "EXITED");
  expect(await daemon.ctl("thaw")).toMatchObject({ code: 0, stdout: "thawed\n" });
  await daemon.state("web", "RUNNING");
  await eventually("it was replaced", async () => (await daemon.info("short")).pid !== short);

  await daemon.ctl("freeze", "--for", "2s");
  process.kill((await daemon.info("web")).pid, "SIGKILL");
  await daemon.state("web", "EXITED");
  await daemon.state("web", "RUNNING");
  expect(daemon.log()).toContain("frozen for 2 s");
  // What waits to be started can be stopped, and stays so.
  await daemon.ctl("freeze");
  process.kill((await daemon.info("web")).pid, "SIGKILL");
  await daemon.state("web", "EXITED");
  await daemon.ctl("stop", "web");
  await daemon.ctl("thaw");
  expect(await daemon.info("web")).toMatchObject({ statename: "STOPPED" });
  for (const words of [["--for", "soon"], ["web"], ["--for", "2000h"]]) {
    expect((await daemon.ctl("freeze", ...words)).code).toBeGreaterThan(0);
  }
  await daemon.ctl("freeze");
  await daemon.stop();
});
