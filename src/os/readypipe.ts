import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import { makeFifos } from "./channels.ts";

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
const NEWLINE = 0x0a;

/** A pipe on which a child says by a newline that it is ready, as under s6. */
export interface ReadyPipe {
  /** The child's end, for whoever starts it; it is closed here once that is done. */
  readonly fd: number;
  /** The child has its end, or there will be none. */
  handedOver(): void;
  close(): void;
}

/**
 * @param path for its name, which is gone when this returns
 * @param ended nobody holds the child's end any more, and no newline has come
 * @throws what the kernel gives
 */
export function openReadyPipe(
  path: string,
  { ready, ended }: { ready(): void; ended(): void },
): ReadyPipe {
  makeFifos([path]);
  let reader: Socket | undefined;
  try {
    const end = openSync(path, O_RDONLY | O_NONBLOCK);
    reader = new Socket({ fd: end, readable: true, writable: false });
    let fd = openSync(path, O_WRONLY);
    const socket = reader;
    const handedOver = () => {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    };
    const close = () => {
      handedOver();
      socket.removeAllListeners("close");
      socket.destroy();
    };
    // What comes after it is not kept.
    socket.on("data", (chunk) => {
      if (!chunk.includes(NEWLINE)) return;
      close();
      ready();
    });
    socket.on("error", () => undefined);
    socket.on("close", ended);
    return {
      get fd() {
        return fd;
      },
      handedOver,
      close,
    };
  } catch (error) {
    reader?.destroy();
    throw error;
  } finally {
    unlinkSync(path);
  }
}
