import { spawnSync } from "node:child_process";
import path from "node:path";
import { root } from "./daemon.ts";

/**
 * What an expression gives to a process of the user nobody, or the message that it throws. As root only.
 * @param file of dist/; the expression has its exports in `module`
 */
export function asNobody(file: string, expression: string): string {
  const script = `
    const module = await import(${JSON.stringify(path.join(root, "dist", file))});
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    try {
      process.stdout.write(String(${expression}));
    } catch (error) {
      process.stdout.write(error.message);
    }`;
  const node = ["--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return stdout;
}
