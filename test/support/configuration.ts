import type { Facts, User } from "../../src/config/facts.ts";
import type { Reader } from "../../src/config/reader.ts";

const users: Record<string, User> = {
  web: { name: "web", uid: 1001, gid: 1002, home: "/home/web" },
};

/** A machine on which only /srv, /tmp and /run/app are folders, and `web` the only user. */
export const machine: Facts = {
  env: { HOME: "/home/web", LANG: "C" },
  host: "node-7",
  home: "/home/web",
  cwd: "/srv",
  uid: 1001,
  tempDir: "/tmp",
  isDirectory: (path) => ["/srv", "/tmp", "/tmp/a,", "/run/app", "/home/web"].includes(path),
  user: (nameOrId) =>
    Object.values(users).find(({ name, uid }) => name === nameOrId || String(uid) === nameOrId),
  group: (nameOrId) => (["www", "1003"].includes(nameOrId) ? 1003 : undefined),
};

/** Files that are nowhere but here. A pattern matches what `globs` lists for it. */
export function inMemory(
  files: Readonly<Record<string, string>>,
  globs: Readonly<Record<string, readonly string[]>> = {},
): Reader {
  return {
    read(path, mostBytes) {
      const text = Object.hasOwn(files, path) ? files[path] : undefined;
      if (text === undefined) return { missing: "there is no such file" };
      if (text.length > mostBytes) return { tooLong: true };
      return { text };
    },
    glob: (pattern) => [...(globs[pattern] ?? [])],
  };
}
