import { chownSync, closeSync, constants, openSync, unlinkSync, watch } from "node:fs";
import { unless } from "./errno.ts";

const { O_CREAT, O_EXCL, O_WRONLY } = constants;

/**
 * Makes an empty file, and tells when it is touched or written.
 * @param user who may do that, beside root and this process's own user
 * @param failed it is not told any more, and why
 * @returns what ends that, and removes the file
 * @throws what the kernel gives
 */
export function watchTouches(
  path: string,
  user: { uid: number; gid: number } | undefined,
  { touched, failed }: { touched(): void; failed(error: unknown): void },
): () => void {
  const remove = () => unless(["ENOENT"], () => unlinkSync(path));
  remove();
  closeSync(openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o600));
  try {
    if (user) unless(["EPERM"], () => chownSync(path, user.uid, user.gid));
    const watcher = watch(path, () => touched());
    watcher.on("error", failed);
    return () => {
      watcher.close();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
