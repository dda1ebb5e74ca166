import { LinePieces, type Piece } from "./pieces.ts";

/**
 * Most bytes of a line in one message: those who listen cut longer messages off, rsyslog at 8 KB, so
 * that they are sent in parts.
 */
const LONGEST_TEXT = 7_900;

/** Facility user, priority info: what supervisord sends, of its own and of its children's. */
const PRIORITY = 14;

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const pad = (n: number, by = "0"): string => String(n).padStart(2, by);

/** What stands before a message, as syslog(3) of glibc writes it: local time, in no locale. */
export function syslogHead(ident: string, time: Date): string {
  const day = `${months[time.getMonth()]} ${pad(time.getDate(), " ")}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => pad(n));
  return `<${PRIORITY}>${day} ${clock.join(":")} ${ident}: `;
}

const NEWLINE = 0x0a;
const NUL = 0;

/** Cuts the chunks of one source into the texts of messages: a line each, or a part of a long one. */
export class SyslogLines {
  readonly #pieces = new LinePieces(LONGEST_TEXT);

  /**
   * @param chunk may be overwritten after this returns
   * @returns texts that are only valid until `chunk` changes
   */
  push(chunk: Buffer): Buffer[] {
    return this.#pieces.push(chunk).flatMap(textsOf);
  }

  flush(): Buffer[] {
    return this.#pieces.flush().flatMap(textsOf);
  }
}

function textsOf({ bytes, partial }: Piece): Buffer[] {
  if (partial) return [withoutNul(bytes)];
  const texts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    texts.push(withoutNul(bytes.subarray(start, newline)));
    start = newline + 1;
  }
  return texts;
}

/** A message ends at the first NUL for many who read it: each is written as rsyslog does it. */
function withoutNul(text: Buffer): Buffer {
  if (!text.includes(NUL)) return text;
  return Buffer.from(text.toString("latin1").replaceAll("\0", "#000"), "latin1");
}
