import { defineConfig } from "rolldown";

const common = {
  platform: "node",
  // A call of which only the error counts, as of decodeURIComponent, would be taken out as useless.
  treeshake: false,
};

/**
 * The programs, with all that they need but native code: a start opens a few files instead of two
 * hundred at once, which is quicker, and works with few descriptors. As CommonJS, because Node loads
 * that in half the time.
 */
const programs = defineConfig({
  ...common,
  input: { droverd: "dist/daemon/main.js", droverctl: "dist/ctl/main.js" },
  external: ["koffi"],
  output: {
    dir: "dist",
    format: "cjs",
    minify: false,
    entryFileNames: "[name].cjs",
    chunkFileNames: "chunk.[name].cjs",
  },
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

export default [programs, logwriter];
