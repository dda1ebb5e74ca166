import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { errnoOf, unless } from "./errno.ts";

/** Another process holds the lock. */
export class LockHeld extends Error {
  override readonly name = "LockHeld";
}

/**
 * Locks a folder that only its owner can enter, for as long as this process lives: the lock is a
 * socket in the kernel's own name space, which is gone with its process however that ends. Its name
 * is a secret kept in the folder, so that nobody else can take it first.
 * @returns a release
 * @throws LockHeld
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const file = path.join(folder, "lock");
  for (;;) {
    const secret = readSecret(file);
    const server = await hold(`\0drover-${secret}`);
    // Whoever held it before may have removed the folder in between, and the name with it.
    if (unless(["ENOENT"], () => readFileSync(file, "utf8")) === secret) {
      return () => void server.close();
    }
    server.close();
  }
}

/** The name in the folder; the first to come makes one. */
function readSecret(file: string): string {
  const known = unless(["ENOENT"], () => readFileSync(file, "utf8"));
  if (known !== undefined) return known;
  const own = `${file}.${process.pid}`;
  writeFileSync(own, randomBytes(16).toString("hex"), { mode: 0o600 });
  unless(["EEXIST"], () => linkSync(own, file));
  unlinkSync(own);
  return readFileSync(file, "utf8");
}

function hold(name: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on("error", (error) =>
      reject(errnoOf(error) === "EADDRINUSE" ? new LockHeld(name.slice(1)) : error),
    );
    server.listen(name, () => resolve(server));
    server.unref();
  });
}
