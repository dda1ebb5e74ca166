import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { droverctlPage, droverdPage } from "../src/manpages.ts";
import { available } from "./support/peers.ts";

test("the man pages are what the tables say; `npm run docs` writes them anew", async () => {
  await expect(droverdPage()).toMatchFileSnapshot("../docs/man/droverd.8");
  await expect(droverctlPage()).toMatchFileSnapshot("../docs/man/droverctl.1");
});

test.runIf(available("groff")).each([
  ["droverd", droverdPage(), /--logfile <value>/],
  ["droverctl", droverctlPage(), /wait worker:\* --for running --timeout 30s/],
])("the page of %s is shown without a complaint", (_, page, shows) => {
  const words = ["-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u"];
  const { stdout, stderr, status } = spawnSync("groff", words, { input: page, encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  expect(stdout).toMatch(shows);
});
