import type * as children from "node:child_process";

/**
 * In the place of `node:child_process` in the bundle of droverctl, which nearly never starts anything:
 * it is loaded when that is called.
 */
const load = (): typeof children => process.getBuiltinModule("node:child_process");

export const spawn = ((...args: Parameters<typeof children.spawn>) =>
  load().spawn(...args)) as typeof children.spawn;
export const spawnSync = ((...args: Parameters<typeof children.spawnSync>) =>
  load().spawnSync(...args)) as typeof children.spawnSync;
