import { defineConfig } from "rolldown";

/**
 * The programs in a file each, with what they load later or share in others beside it: a start opens a
 * few files instead of two hundred at once, which is quicker, and works with few descriptors.
 */
export default defineConfig({
  input: {
    droverd: "dist/daemon/main.js",
    droverctl: "dist/ctl/main.js",
    logwriter: "dist/daemon/logwriter.js",
  },
  platform: "node",
  // A call of which only the error counts, as of decodeURIComponent, would be taken out as useless.
  treeshake: false,
  // Packages stay where npm has put them.
  external: /^[^./]/,
  output: {
    dir: "dist",
    minify: false,
    entryFileNames: "[name].js",
    chunkFileNames: "chunk.[name].js",
  },
});
