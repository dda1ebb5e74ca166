import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ensureLimits } from "../../src/daemon/limits.ts";
import { limitOf } from "../../src/os/limits.ts";
import { configText, droverd, root, run, tempDir } from "../support/daemon.ts";

const asRoot = process.getuid?.() === 0;
const built = (module: string) => JSON.stringify(path.join(root, "dist", module));
/** The limits that every child here starts with; Node raises that of files to 300 by itself. */
const START = ["--nproc=5000:6000", "--nofile=250:300"];
/** What is there without doing anything. */
const ENOUGH = { minfds: 100, minprocs: 100 };

interface Outcome {
  lines?: string[];
  error?: { message: string; exitCode: number };
  nofile: number[];
  nproc: number[];
}

/** What ensureLimits does in a process of its own with other limits; `before` is run first. */
function ensured(wanted: object, before = ""): Outcome {
  const script = `
    import { ensureLimits } from ${built("daemon/limits.js")};
    import { limitOf, setLimit } from ${built("os/limits.js")};
    ${before};
    const outcome = {};
    try {
      outcome.lines = ensureLimits(${JSON.stringify(wanted)});
    } catch ({ message, exitCode }) {
      outcome.error = { message, exitCode };
    }
    for (const name of ["nofile", "nproc"]) outcome[name] = Object.values(limitOf(name));
    process.stdout.write(JSON.stringify(outcome));`;
  const argv = [...START, process.execPath, "--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync("prlimit", argv, { encoding: "utf8", timeout: 20_000 });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

/** From here on a child of root is nobody; others have no rights to give up. */
const asNobody = "if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }";
const untouched = { nofile: [300, 300], nproc: [5_000, 6_000] };

test("what is enough already is left alone", () => {
  expect(ensured(ENOUGH)).toEqual({ lines: [], ...untouched });
  expect(ensured({ minfds: 300, minprocs: 5_000 })).toEqual({ lines: [], ...untouched });
  const { soft } = limitOf("nofile");
  expect(ensureLimits({ minfds: soft, minprocs: 1 })).toEqual([]);
});

describe("raised within the hard limit, which needs no rights", () => {
  test.each([5_001, 6_000])("processes to %d", (minprocs) => {
    expect(ensured({ ...ENOUGH, minprocs }, asNobody)).toEqual({
      lines: [`Increased RLIMIT_NPROC limit to ${minprocs}`],
      ...untouched,
      nproc: [minprocs, 6_000],
    });
  });

  test("files, when something has lowered them, and both", () => {
    const lower = 'setLimit("nofile", { soft: 120, hard: 300 })';
    expect(ensured({ minfds: 200, minprocs: 5_500 }, `${lower}; ${asNobody}`)).toEqual({
      lines: ["Increased RLIMIT_NOFILE limit to 200", "Increased RLIMIT_NPROC limit to 5500"],
      nofile: [200, 300],
      nproc: [5_500, 6_000],
    });
  });
});

describe("refused without rights: what the machine allows, and what to do", () => {
  test.each([
    ["minfds", 301, 300, "file descriptors"],
    ["minprocs", 6_001, 6_000, "processes"],
  ])("%s=%d", (option, wanted, allowed, what) => {
    const { error, ...rest } = ensured({ ...ENOUGH, [option]: wanted }, asNobody);
    expect(rest).toEqual(untouched);
    expect(error?.exitCode).toBe(2);
    expect(error?.message).toContain(
      `[supervisord] ${option}=${wanted}: this machine allows ${allowed} ${what}`,
    );
    expect(error?.message).toContain(`lower ${option}`);
  });
});

/** In a container root has not always the right to do so. */
const mayRaise =
  spawnSync("prlimit", [`--nproc=${limitOf("nproc").hard + 1}`, "true"]).status === 0;
const noRaise = mayRaise
  ? ""
  : " (SKIPPED: this needs CAP_SYS_RESOURCE, which root most often has)";

test.runIf(mayRaise)(`with rights the hard limit is raised too${noRaise}`, () => {
  expect(ensured({ minfds: 400, minprocs: 7_000 })).toEqual({
    lines: ["Increased RLIMIT_NOFILE limit to 400", "Increased RLIMIT_NPROC limit to 7000"],
    nofile: [400, 400],
    nproc: [7_000, 7_000],
  });
});

describe("droverd", () => {
  /** Runs droverd in `dir` with the limits above until it ends; it ends by itself. */
  function start(dir: string, config: string, ...flags: string[]) {
    writeFileSync(path.join(dir, "drover.conf"), config);
    const command = [process.execPath, droverd, "-n", "-c", path.join(dir, "drover.conf")];
    return run("prlimit", [...START, ...command, ...flags]);
  }

  /** A program that ends its daemon as soon as that listens to signals. */
  const once = "[program:once]\ncommand=sh -c 'kill -TERM $PPID; exec sleep 1000'\n";

  // More than the kernel gives to anybody, so that root is refused too.
  test("more files than there can be: code 2, one helpful line, nothing left", async () => {
    const dir = tempDir();
    const { code, stdout, stderr } = await start(dir, configText(once), "--minfds", "999999999999");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^Error: \[supervisord\] minfds=999999999999: this machine allows 300 file descriptors; raise .*, or lower minfds\n$/,
    );
    expect(readdirSync(dir)).toEqual(["drover.conf"]);
  });

  test.runIf(asRoot)("more processes than its user may have (only as root)", async () => {
    const dir = tempDir();
    const flags = ["--minfds=100", "--user=nobody", "--minprocs=6001"];
    const { code, stderr } = await start(dir, configText(once), ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain("minprocs=6001: this machine allows 6000 processes");
    expect(existsSync(path.join(dir, "droverd.log"))).toBe(false);
  });

  test("what it has raised is in its log, and its children have it too", async () => {
    const dir = tempDir();
    const show = `prlimit --nproc --noheadings --raw --output=SOFT >${dir}/limit`;
    const program = once.replace("sh -c '", `sh -c '${show}; `);
    const { code, stdout } = await start(dir, configText(program, "minfds=100\nminprocs=5500"));
    expect(code).toBe(0);
    expect(stdout).toContain("Increased RLIMIT_NPROC limit to 5500");
    expect(stdout).not.toContain("RLIMIT_NOFILE");
    expect(readFileSync(path.join(dir, "droverd.log"), "utf8")).toContain("limit to 5500");
    expect(readFileSync(path.join(dir, "limit"), "utf8")).toBe("5500\n");
  });
});
