/** Gone from the front before the rest is moved up. */
const MOST_GONE = 1_024;

/** A queue that is as quick when ten thousand wait. One who is not done may come back to its front. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  /** Of the first. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head === 0) this.#items.unshift(item);
    else this.#items[--this.#head] = item;
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > MOST_GONE && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
