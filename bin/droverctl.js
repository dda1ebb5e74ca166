#!/usr/bin/env node
"use strict";
// What loads both programs stands in that which is started for every command: to find another file takes
// Node a millisecond, a tenth of what most commands take by themselves.
const { readFileSync } = require("node:fs");
const path = require("node:path");
const { Script } = require("node:vm");

const folder = path.join(__dirname, "..", "dist");

/** As Node has it for CommonJS. Code that was compiled fits no other text than its own. */
const wrap = (source) =>
  `(function (exports, require, module, __filename, __dirname) { ${source}\n});`;

/** Where the build leaves what V8 has compiled of a file. */
const compiledOf = (file) => `${file}.v8`;

const loaded = new Map();

/**
 * Loads a file of dist/, and others when it asks for them, as `require` does, but as V8 compiled it at
 * the build: to compile takes longer than most commands. V8 compiles anew what another version left.
 */
function load(name) {
  const known = loaded.get(name);
  if (known) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const filename = path.join(folder, name);
  // The build writes ASCII alone.
  const script = new Script(wrap(readFileSync(filename, "latin1")), {
    filename,
    cachedData: readCompiled(filename),
  });
  const run = script.runInThisContext();
  run(module.exports, requireFrom, module, filename, folder);
  return module.exports;
}

const requireFrom = (name) => (name.startsWith("./") ? load(name.slice(2)) : require(name));

function readCompiled(file) {
  try {
    return readFileSync(compiledOf(file));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

exports.compiledOf = compiledOf;
exports.load = load;
exports.wrap = wrap;

if (require.main === module) load("droverctl.cjs");
