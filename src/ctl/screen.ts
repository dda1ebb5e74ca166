import type { Session } from "./session.ts";

/** What fills a terminal, and is drawn again. */
export interface Picture {
  lines(columns: number): readonly string[];
  /** @returns false to leave */
  pressed(key: string): boolean;
}

/** By these a program ends without its exit being told of. */
const deadly = [
  ["SIGTERM", 15],
  ["SIGHUP", 1],
] as const;

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";

/**
 * A terminal's other screen, which gives back what was there when it is left. What is drawn comes as
 * one, line over line, so that nothing flickers.
 */
export class Screen {
  readonly #session: Session;
  readonly #picture: Picture;
  readonly #restore: () => void;
  readonly #redraw = () => this.draw();
  readonly #endKeys: () => void;
  /** Aborts when the user has had enough. */
  readonly left: AbortSignal;

  constructor(session: Session, picture: Picture) {
    this.#session = session;
    this.#picture = picture;
    const over = new AbortController();
    this.left = AbortSignal.any([over.signal, session.interrupted()]);
    this.#restore = () => session.write(leave);
    session.write(enter);
    // Whatever ends the program, the terminal is as it was.
    process.once("exit", this.#restore);
    for (const [signal, number] of deadly) process.once(signal, () => process.exit(128 + number));
    process.stdout.on("resize", this.#redraw);
    this.#endKeys = session.keys((key) => {
      if (!picture.pressed(key)) over.abort();
      else this.draw();
    });
  }

  draw(): void {
    if (this.left.aborted) return;
    const { columns, rows } = this.#session.size();
    const lines = this.#picture.lines(columns);
    const shown = lines.length > rows ? [...lines.slice(0, rows - 1), rest(lines, rows)] : lines;
    const text = shown.map((line) => `${line}\x1b[K`).join("\r\n");
    // Between the two the terminal shows nothing of it, where it knows them.
    this.#session.write(`\x1b[?2026h\x1b[H${text}\x1b[J\x1b[?2026l`);
  }

  close(): void {
    process.stdout.off("resize", this.#redraw);
    process.off("exit", this.#restore);
    for (const [signal] of deadly) process.removeAllListeners(signal);
    this.#endKeys();
    this.#restore();
  }
}

const rest = (lines: readonly string[], rows: number): string =>
  `... and ${lines.length - rows + 1} more`;
