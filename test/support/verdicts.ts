/**
 * The verdicts of both programs on many configurations, without a daemon for each: the real
 * supervisord's own option code in one Python, and drover's loader. A thousandth of the cost.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { glob } from "../../src/os/glob.ts";
import { machine } from "../../src/os/machine.ts";
import { readText } from "../../src/os/text.ts";
import type { Case } from "./cases.ts";
import { environment, prepare } from "./differential.ts";

export interface Verdicts {
  theirs: string;
  ours: string;
  /** What drover says of it. */
  said: string;
}

/** What supervisord's main() does before it starts anything; a refusal is SystemExit. */
const reader = `
import io, json, os, sys, tempfile
from supervisor.options import ServerOptions
def verdict(given):
    os.environ.clear()
    os.environ.update(given["env"])
    os.chdir(given["cwd"])
    tempfile.tempdir = None
    options = ServerOptions()
    options.stderr = io.StringIO()
    try:
        options.realize(["-n", "-c", given["cwd"] + "/main.conf"])
    except SystemExit as end:
        return "refused" if end.code == 2 else "ends with %s" % end.code
    return "runs"
json.dump([verdict(given) for given in json.load(sys.stdin)], sys.stdout)
`;

/** @param dir an empty folder */
export function verdictsOf(cases: readonly Case[], dir: string): Verdicts[] {
  const places = cases.map((given, at) => {
    const cwd = path.join(dir, String(at));
    mkdirSync(cwd);
    prepare(given, cwd);
    return { cwd, env: environment(given, cwd, 9001) };
  });
  const options = { input: JSON.stringify(places), encoding: "utf8" } as const;
  const theirs: string[] = JSON.parse(
    execFileSync(pythonOf("supervisord"), ["-c", reader], options),
  );
  return places.map((place, at) => ({ theirs: theirs[at] ?? "", ...droversVerdict(place) }));
}

/** The Python that a script runs on: not every Python of a machine has the package. */
function pythonOf(script: string): string {
  const file = execFileSync("sh", ["-c", `command -v ${script}`], { encoding: "utf8" }).trim();
  return /^#!(\S+)/.exec(readFileSync(file, "utf8"))?.[1] ?? "python3";
}

function droversVerdict({ cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }) {
  const facts = { ...machine(), env, cwd, home: env.HOME ?? "", tempDir: env.TMPDIR ?? "" };
  try {
    loadConfig(path.join(cwd, "main.conf"), { read: readText, glob }, facts);
    return { ours: "runs", said: "" };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ours: "refused", said: error.message };
  }
}
