/** What came first leaves first. `Array.shift` moves everything that stays. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) this.replace(this.#rest());
    return item;
  }

  /** Keeps what passes, in its order. */
  filter(isKept: (item: T) => boolean): void {
    this.replace(this.#rest().filter(isKept));
  }

  /** Puts these before what is there. */
  prepend(items: Iterable<T>): void {
    this.replace([...items, ...this.#rest()]);
  }

  /** Empties it. @returns What was in it. */
  take(): readonly T[] {
    const rest = this.#rest();
    this.replace([]);
    return rest;
  }

  replace(items: T[]): void {
    this.#items = items;
    this.#head = 0;
  }

  #rest(): T[] {
    return this.#items.slice(this.#head) as T[];
  }
}
