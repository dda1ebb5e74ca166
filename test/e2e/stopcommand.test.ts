import { expect, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";

test("a stop command is not taken for what its program has left behind", async () => {
  const daemon = await startDaemon(`
[program:web]
command=sleep 1000
stoptree=true
startsecs=0
stopcommand=sh -c 'echo "tree $DROVER_TREE"; kill $MAINPID; exec sleep 1000'
redirect_stderr=true
stdout_logfile=%(here)s/web.log
`);
  await daemon.state("web", "RUNNING");
  await daemon.client.call("supervisor.stopProcess", { name: "web", wait: true });
  expect(daemon.log()).toContain("stopped: web (terminated by SIGTERM)");
  expect(daemon.log()).not.toContain("of its tree");
  expect(daemon.file("web.log")).toBe("tree \n");
});
