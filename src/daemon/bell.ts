/** Wakes the one who waits for any of several things; what rang while nobody waited is not lost. */
export class Bell<T> {
  readonly #rung = new Set<T>();
  #wake: (() => void) | undefined;
  #closed = false;

  ring(what: T): void {
    this.#rung.add(what);
    this.#wake?.();
  }

  /** From here on nobody waits. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Those that have rung since the last call, in their order; none when it has been closed. */
  async next(): Promise<T[]> {
    if (this.#rung.size === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const rung = [...this.#rung];
    this.#rung.clear();
    return this.#closed ? [] : rung;
  }
}
