import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
} from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import path from "node:path";
import { unless } from "./errno.ts";
import { declare, type Native, native } from "./native.ts";

const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;
/** mkfifo's command line must stay below the kernel's limit. */
const FIFOS_AT_ONCE = 500;

const functions = declare({
  mkfifo: "int mkfifo(const char *path, unsigned int mode)",
  fcntl: "int fcntl(int fd, int command, ...)",
});

/** Whether many are made at the cost of one, which is that of running a program. */
export const makesFifosAtOnce = (): boolean => native() === undefined;

/**
 * Makes the FIFOs that are not there yet; without the system call, a batch with each run of mkfifo(1).
 * @throws Error with what the kernel or mkfifo says
 */
export function makeFifos(paths: readonly string[]): void {
  const library = native();
  if (library) {
    for (const path of paths) makeFifo(library, path);
    return;
  }
  const missing = paths.filter((path) => !isFifo(path));
  for (const dir of new Set(missing.map((file) => path.dirname(file)))) makeFolder(dir);
  for (let i = 0; i < missing.length; i += FIFOS_AT_ONCE) {
    const batch = missing.slice(i, i + FIFOS_AT_ONCE);
    execFileSync("mkfifo", ["-m", "600", "--", ...batch], { stdio: ["ignore", "ignore", "pipe"] });
  }
}

function makeFifo(library: Native, file: string): void {
  const code = mkfifo(library, file);
  if (code === undefined || (code === "EEXIST" && isFifo(file))) return;
  if (code !== "ENOENT") throw failed(code, file);
  makeFolder(path.dirname(file));
  const again = mkfifo(library, file);
  if (again !== undefined) throw failed(again, file);
}

/** @returns the name of the error, if there is one */
const mkfifo = (library: Native, file: string): string | undefined =>
  functions(library).mkfifo(file, 0o600) === 0 ? undefined : library.errno();

const failed = (code: string, file: string): Error =>
  Object.assign(new Error(`${code}: mkfifo '${file}'`), { code });

const makeFolder = (folder: string) => mkdirSync(folder, { recursive: true, mode: 0o700 });

/** Of a process that is no more. */
export function removeFifos(paths: readonly string[]): void {
  for (const file of paths) unless(["ENOENT"], () => unlinkSync(file));
}

const isFifo = (path: string): boolean =>
  unless(["ENOENT"], () => lstatSync(path).isFIFO()) ?? false;

/**
 * Opens a FIFO for a child, both ways: the child is then its own reader and writer, so the daemon's
 * death neither kills it with SIGPIPE nor ends the stream. The caller closes it after the spawn.
 */
export function openForChild(path: string, user: { gid: number } | undefined): number {
  const fd = openSync(path, O_RDWR);
  if (user) unless(["EPERM"], () => share(fd, user));
  return fd;
}

/**
 * A child of another user could not open its /dev/stdout otherwise. By its group: the owner must be
 * able to open it again, who need not be a root that may open everything. Who is not root may not
 * give it away, and can have no such child either, which is told elsewhere.
 */
function share(fd: number, { gid }: { gid: number }): void {
  fchownSync(fd, process.geteuid?.() ?? 0, gid);
  fchmodSync(fd, 0o660);
}

/** As supervisord reads at most: a log may pass its size by so much. */
const MOST_AT_ONCE = 131_072;

/** One buffer for every stream of the daemon: what is in it is used up before the next read. */
const shared = Buffer.allocUnsafeSlow(MOST_AT_ONCE);

const F_SETPIPE_SZ = 1_031;
/** A pipe has 64 KB at first: who finds so much in it has a writer that waits for room. */
const NEARLY_FULL = 49_152;
/** So many reads in a row. */
const IS_FLOODED = 16;

/**
 * Makes room for twice as much: half the reads, and half the turns at waiting for each other, a sixth of
 * the CPU in all. Only where there is a flood: the kernel allows each user so many pages in pipes. One
 * that is refused stays as it is.
 */
function enlarge(fd: number): void {
  const library = native();
  if (library) functions(library).fcntl(fd, F_SETPIPE_SZ, "int", MOST_AT_ONCE);
}

/** Fewer bytes than this are hardly worth a turn of the loop. */
const LITTLE = 4_096;
/** Who gives so little so many times in so short a time writes more than is worth to be read at once. */
const MANY = 64;
const SHORT_MS = 16;
/** So long more may gather, of which the pipe has room for a hundred times what made this begin. */
const REST_MS = 1;

/** Tells when to leave a channel alone for a moment: somebody writes it in little pieces, and quickly. */
class Trickle {
  #count = 0;
  #sinceMs = 0;
  #rests = false;

  /** After each read. @returns whether to rest before the next one */
  restsAfter(bytes: number): boolean {
    // Where a rest has brought no more than a piece there is no use in another.
    if (this.#rests && bytes < LITTLE) this.#rests = false;
    if (this.#rests || bytes >= LITTLE || ++this.#count < MANY) return this.#rests;
    const now = performance.now();
    this.#rests = now - this.#sinceMs < SHORT_MS;
    this.#sinceMs = now;
    this.#count = 0;
    return this.#rests;
  }
}

type OnRead = { onread: { buffer: Buffer; callback(bytes: number, buffer: Buffer): boolean } };

/** The daemon's end of a channel, open from the first spawn until nobody holds the child's end. */
export interface ChannelReader {
  /**
   * Takes in what is in the pipe now, without waiting, even while paused.
   * @param wanted asked before each chunk
   */
  drain(wanted?: () => boolean): void;
  /** Leaves what comes in the pipe: once that is full, the writers wait. */
  pause(): void;
  resume(): void;
  /** Throws away what is in the pipe. @returns how many bytes */
  discard(): number;
  close(): void;
}

/**
 * Reads a FIFO as its bytes come. Open it before the child's end.
 * @returns undefined when there is no such FIFO
 * @param onData is given a view of a buffer that is overwritten after it returns
 * @param onEnd the last holder of the child's end is gone, and everything has been delivered
 */
export function readChannel(
  path: string,
  onData: (chunk: Buffer) => void,
  onEnd: () => void,
): ChannelReader | undefined {
  const fd = unless(["ENOENT"], () => openSync(path, O_RDONLY | O_NONBLOCK));
  if (fd === undefined) return undefined;
  let open = true;
  let flooded = 0;
  const trickle = new Trickle();
  let isHeld = false;
  let rest: NodeJS.Timeout | undefined;
  const goOn = () => {
    rest = undefined;
    if (!isHeld) socket.resume();
  };
  const options: SocketConstructorOpts & OnRead = {
    fd,
    readable: true,
    writable: false,
    onread: {
      buffer: shared,
      callback(bytes, buffer) {
        flooded = bytes < NEARLY_FULL ? 0 : flooded + 1;
        if (flooded === IS_FLOODED) enlarge(fd);
        onData(buffer.subarray(0, bytes));
        if (trickle.restsAfter(bytes)) {
          rest ??= setTimeout(goOn, REST_MS);
          socket.pause();
        }
        return true;
      },
    },
  };
  const socket = new Socket(options);
  const end = () => {
    clearTimeout(rest);
    if (!open) return;
    open = false;
    onEnd();
  };
  socket.on("error", end);
  // At the end of the stream, and not when the descriptor is closed a turn later: a child that is
  // started in between would have nobody to read it.
  socket.on("end", end);
  socket.on("close", end);
  socket.resume();
  return {
    drain(wanted = () => true) {
      if (open) drain(path, onData, wanted);
    },
    pause() {
      isHeld = true;
      socket.pause();
    },
    resume() {
      isHeld = false;
      if (!rest) socket.resume();
    },
    discard() {
      let bytes = 0;
      const count = (chunk: Buffer) => {
        bytes += chunk.length;
      };
      if (open) drain(path, count, () => true);
      return bytes;
    },
    close() {
      open = false;
      clearTimeout(rest);
      socket.destroy();
    },
  };
}

/** More than a pipe holds: a writer that never stops must not keep the daemon here. */
const MOST_DRAINED = 1_048_576;

/**
 * Reads by a descriptor of its own: the socket's may be closed, and its number somebody else's. Where
 * there is none left, the socket will read what is there, if later.
 */
function drain(path: string, onData: (chunk: Buffer) => void, wanted: () => boolean): void {
  const gone = ["ENOENT", "EMFILE", "ENFILE"];
  const fd = unless(gone, () => openSync(path, O_RDONLY | O_NONBLOCK));
  if (fd === undefined) return;
  try {
    for (let taken = 0; taken < MOST_DRAINED && wanted(); ) {
      const bytes = unless(["EAGAIN"], () => readSync(fd, shared, 0, shared.length, null)) ?? 0;
      if (bytes === 0) return;
      onData(shared.subarray(0, bytes));
      taken += bytes;
    }
  } finally {
    closeSync(fd);
  }
}

export const closeFd = (fd: number): void => closeSync(fd);
