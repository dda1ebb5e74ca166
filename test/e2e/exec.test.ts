import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { knowsMoreFormats } from "../support/children.ts";
import { startDaemon, tempDir } from "../support/daemon.ts";

/** Where a kernel has been taught more formats, only it can say what is none. */
const ownFormats = knowsMoreFormats();
const noFormats = ownFormats ? " (SKIPPED in part: this kernel knows other formats)" : "";

/** Programs that can be found and not be run, and what the kernel says of them. */
const unrunnable: Readonly<Record<string, readonly [text: string, errno: string]>> = {
  ...(!ownFormats && { noshebang: ["echo hi\n", "ENOEXEC"], empty: ["", "ENOEXEC"] }),
  bare: ["#!\n", "ENOEXEC"],
  missing: ["#!/no/such/interpreter\n", "ENOENT"],
  folder: ["#!/tmp\n", "EACCES"],
  locked: ["#!/etc/passwd\n", "EACCES"],
};

/** Programs by these names in a folder, and a FIFO. */
function makePrograms(): string {
  const folder = path.join(tempDir(), "bin");
  mkdirSync(folder);
  for (const [name, [text]] of Object.entries(unrunnable)) {
    writeFileSync(path.join(folder, name), text);
    chmodSync(path.join(folder, name), 0o755);
  }
  execFileSync("mkfifo", ["-m", "755", path.join(folder, "fifo")]);
  return folder;
}

/** From here on to the end of the test, what is started finds no koffi. */
function hideKoffi(): void {
  const preload = path.join(tempDir(), "preload.cjs");
  writeFileSync(
    preload,
    `const Module = require("node:module");
     const load = Module._load;
     Module._load = function (name, ...rest) {
       if (name === "koffi") throw new Error("not here");
       return load.call(this, name, ...rest);
     };`,
  );
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--require=${preload}`;
  onTestFinished(() => {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  });
}

test.each<[string, () => void, string]>([
  ["", () => undefined, ""],
  [", through a chain of tools", () => undefined, "nice=1"],
  [", without koffi", hideKoffi, ""],
  [", without koffi and through a chain of tools", hideKoffi, "nice=1"],
])(
  `what the kernel would not run is told in supervisord's words%s${noFormats}`,
  async (_, prepare, line) => {
    prepare();
    const folder = makePrograms();
    const expected: Record<string, string> = { fifo: "EACCES" };
    for (const [name, [, errno]] of Object.entries(unrunnable)) expected[name] = errno;
    const sections = Object.keys(expected).map(
      (name) => `[program:${name}]
command=${name}
environment=PATH="${folder}:/usr/bin:/bin"
stderr_logfile=%(here)s/${name}.err
startretries=0
${line}
`,
    );
    const daemon = await startDaemon(sections.join(""));
    for (const [name, errno] of Object.entries(expected)) {
      await daemon.state(name, "FATAL");
      expect(daemon.file(`${name}.err`)).toBe(
        `supervisor: couldn't exec ${name}: ${errno}\nsupervisor: child process was not spawned\n`,
      );
      expect(daemon.log()).toContain(`exited: ${name} (exit status 127; not expected)`);
    }
  },
);
