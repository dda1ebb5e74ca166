import { writeFileSync } from "node:fs";
import path from "node:path";
import { tempDir } from "./daemon.ts";

/** NODE_OPTIONS for a process that is to find no koffi, as where it is not installed. */
export function withoutKoffi(): string {
  const hook = path.join(tempDir(), "without-koffi.cjs");
  writeFileSync(
    hook,
    `const Module = require("node:module");
     const resolve = Module._resolveFilename;
     Module._resolveFilename = function (name, ...rest) {
       if (name === "koffi") throw Object.assign(new Error(name), { code: "MODULE_NOT_FOUND" });
       return resolve.call(this, name, ...rest);
     };`,
  );
  return `--require=${hook}`;
}
