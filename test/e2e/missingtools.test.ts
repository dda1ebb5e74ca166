/** What a machine lacks is named, with the option that needs it. */

import path from "node:path";
import { describe, expect, test } from "vitest";
import { droverctl, eventually, run } from "../support/daemon.ts";
import { inNamespace, may, openFolder } from "../support/rights.ts";
import { watch, ways } from "../support/watched.ts";

/** In a mount namespace: /usr/bin without some tools. */
function hidden(dir: string, tools: readonly string[]): string {
  const room = path.join(dir, "overlay");
  const layers = `lowerdir=/usr/bin,upperdir=${room}/upper,workdir=${room}/work`;
  return [
    `mkdir ${room} && mount -t tmpfs none ${room}`,
    `mkdir ${room}/upper ${room}/work`,
    `mount -t overlay -o ${layers} none /usr/bin`,
    `rm ${tools.map((tool) => `/usr/bin/${tool}`).join(" ")}`,
  ].join(" && ");
}

const mayHide = may(
  [...inNamespace, "bash", "-c", `mount -t tmpfs none /mnt && ${hidden("/mnt", ["choom"])}`],
  "no overlay can be mounted here",
);

describe.runIf(mayHide).each(ways)(
  "on a machine without the tools, a child that is started %s",
  (_, env) => {
    test("is not started, and the error names the option and the tool", async () => {
      const dir = openFolder();
      const needs = {
        setpriv: { user: "nobody", no_new_privileges: "true" },
        choom: { oom_score_adj: "10" },
        prlimit: { rlimit_core: "0" },
        nice: { nice: "5" },
      };
      const options = Object.entries(needs).flatMap(([tool, options]) =>
        Object.entries(options).map(([option, value]) => ({ tool, option, value })),
      );
      const programs = options.map(
        ({ option, value }) =>
          `[program:${option}]\ncommand=sleep 1000\nstartretries=0\n${option}=${value}\n`,
      );
      const text = `${programs.join("")}[program:plain]\ncommand=sleep 1000\n`;
      const setup = hidden(dir, Object.keys(needs));
      const daemon = await watch("droverd", text, { dir, env, setup, through: inNamespace });
      await daemon.child("plain", "sleep");
      for (const { tool, option } of options) {
        await eventually(`${option} is given up`, () =>
          daemon.log().includes(`gave up: ${option}`),
        );
        const asked = option.startsWith("rlimit") ? "rlimit_*" : option;
        expect(daemon.log()).toContain(
          `spawnerr: ${asked}= needs the program ${tool}: can't find command '${tool}'`,
        );
      }
      const words = [droverctl, "-c", daemon.config, "status"];
      const { stdout } = await run(process.execPath, words);
      expect(stdout).toMatch(/^user .* FATAL .*user= needs the program setpriv/m);
    });
  },
);
