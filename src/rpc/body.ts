import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { HttpError } from "./httperror.ts";

/** Whoever asked has gone: nobody is there to be answered. */
export class Gone extends Error {
  override readonly name = "Gone";
}

/** So many bodies of the largest size are read at once. */
const LARGEST_AT_ONCE = 8;

/** Reads the bodies of requests, each and all together within bounds. */
export class Bodies {
  readonly #maxBytes: number;
  #left: number;

  /** @param maxBytes of one body */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#left = LARGEST_AT_ONCE * maxBytes;
  }

  /**
   * The text of a body, which is to be UTF-8.
   * @throws HttpError 400, 413, 503; Gone
   */
  async read(request: IncomingMessage): Promise<string> {
    if (Number(request.headers["content-length"] ?? 0) > this.#maxBytes) throw this.#tooLong();
    const bytes = await this.#readBytes(request);
    if (!isUtf8(bytes)) throw new HttpError(400, "expected a body in UTF-8");
    return bytes.toString("utf8");
  }

  #readBytes(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      // It may have gone while it was asked who it is.
      if (request.destroyed) throw new Gone();
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (act: () => void) => {
        this.#left += size;
        size = 0;
        chunks.length = 0;
        request.removeAllListeners("data");
        // The rest is read and dropped, so that the client gets to read the answer.
        request.resume();
        act();
      };
      request.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        this.#left -= chunk.length;
        if (size > this.#maxBytes) end(() => reject(this.#tooLong()));
        else if (this.#left < 0) end(() => reject(new HttpError(503, "too many calls just now")));
      });
      request.on("end", () => {
        const whole = Buffer.concat(chunks);
        end(() => resolve(whole));
      });
      request.on("error", (cause) => end(() => reject(new Gone("", { cause }))));
      request.on("close", () => end(() => reject(new Gone())));
    });
  }

  #tooLong(): HttpError {
    return new HttpError(413, `a body may have ${this.#maxBytes} bytes: see body_maxbytes=`);
  }
}
