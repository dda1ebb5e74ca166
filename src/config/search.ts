import path from "node:path";

/** Where a configuration is looked for without `-c`: drover's own names first, then supervisord's. */
export function searchPaths(cwd: string): string[] {
  const own = ["drover.conf", "etc/drover.conf", "/etc/drover.conf", "/etc/drover/drover.conf"];
  const supervisord = [
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
  ];
  return [...own, ...supervisord].map((file) => path.resolve(cwd, file));
}
