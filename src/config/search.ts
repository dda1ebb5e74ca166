import path from "node:path";

/**
 * Where a configuration is looked for without `-c`: drover's own names first, then supervisord's;
 * for each beside the program that was called, in the working directory, and in /etc.
 * @param program the path of droverd or droverctl as it was called
 */
export function searchPaths(cwd: string, program: string): string[] {
  const prefix = path.dirname(path.dirname(path.resolve(cwd, program)));
  const places = (name: string, folder: string) => [
    path.join(prefix, "etc", name),
    path.join(prefix, name),
    path.resolve(cwd, name),
    path.resolve(cwd, "etc", name),
    path.join("/etc", name),
    path.join("/etc", folder, name),
  ];
  const all = [...places("drover.conf", "drover"), ...places("supervisord.conf", "supervisor")];
  return [...new Set(all)];
}
