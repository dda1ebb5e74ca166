import { rmdirSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";
import { makeOwnDir, removeFolder } from "./rundir.ts";

/**
 * A folder for what children of any user are to reach by its name. Nobody but the daemon can list it or
 * put anything into it. It is made when something of it is needed.
 */
export class Meeting {
  readonly path: string;
  readonly #isOwn: boolean;

  /**
   * @param rundir of which only its owner can enter anything
   * @param channels the folder in it that belongs to this daemon
   */
  constructor(rundir: string, channels: string) {
    // Who is not root has no children of other users.
    this.#isOwn = process.getuid?.() === 0;
    this.path = this.#isOwn ? path.join(`${rundir}.workers`, path.basename(channels)) : channels;
  }

  /** @throws Error saying what is wrong with the folder */
  make(): void {
    if (!this.#isOwn) return;
    makeOwnDir(path.dirname(this.path), 0o711);
    makeOwnDir(this.path, 0o711);
  }

  remove(): void {
    if (!this.#isOwn) return;
    removeFolder(this.path);
    // Others may have theirs beside it.
    unless(["ENOENT", "ENOTEMPTY"], () => rmdirSync(path.dirname(this.path)));
  }
}
