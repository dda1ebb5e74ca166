import { writeFileSync } from "node:fs";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { defineConfig } from "rolldown";
import { compiledOf, wrap } from "./bin/droverctl.js";

const common = {
  platform: "node",
  // A call of which only the error counts, as of decodeURIComponent, would be taken out as useless.
  treeshake: false,
};

/**
 * Writes other characters than ASCII as escapes: a source with one of them takes V8 twice the memory,
 * and Node far longer to read.
 */
const ascii = {
  name: "ascii",
  renderChunk: (code) =>
    code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
};

/** Leaves beside each file what V8 makes of it, all its functions included, for bin/droverctl.js. */
const compiled = {
  name: "compiled",
  writeBundle({ dir }, bundle) {
    for (const { type, fileName, code } of Object.values(bundle)) {
      if (type !== "chunk") continue;
      const file = path.join(dir, fileName);
      setFlagsFromString("--no-lazy");
      const script = new Script(wrap(code), { filename: file });
      // What is compiled with one set of flags is refused with another.
      setFlagsFromString("--lazy");
      writeFileSync(compiledOf(file), script.createCachedData());
    }
  },
};

/**
 * A program, with all that it needs but native code: a start opens a few files instead of two hundred,
 * which is quicker, and works with few descriptors. As CommonJS, because Node loads that in half the
 * time.
 */
const program = (name, entry, more = {}) =>
  defineConfig({
    ...common,
    ...more,
    input: { [name]: entry },
    external: ["koffi"],
    output: {
      dir: "dist",
      format: "cjs",
      minify: false,
      // Code that V8 has compiled before may call no import().
      dynamicImportInCjs: false,
      entryFileNames: "[name].cjs",
      chunkFileNames: `${name}.[name].cjs`,
    },
    plugins: [ascii, compiled],
  });

/** Started by the daemon, by its name. */
const logwriter = defineConfig({
  ...common,
  input: { logwriter: "dist/daemon/logwriter.js" },
  external: /^[^./]/,
  output: {
    dir: "dist",
    minify: false,
    entryFileNames: "[name].js",
    chunkFileNames: "chunk.[name].js",
  },
});

export default [
  program("droverd", "dist/daemon/main.js"),
  // It starts nothing; commander can, which loads what that takes.
  program("droverctl", "dist/ctl/main.js", {
    resolve: { alias: { "node:child_process": path.resolve("dist/ctl/nochildren.js") } },
  }),
  logwriter,
];
