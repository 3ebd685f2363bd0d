/** Lets all go on who wait, each time that something has changed. */
export class Change {
  #tell: () => void = () => undefined;
  #next: Promise<void>;

  constructor() {
    this.#next = this.#renew();
  }

  /** Settles at the next change. To be taken before looking, so that none is missed between the look and the wait. */
  get next(): Promise<void> {
    return this.#next;
  }

  /** Something has changed. */
  tell(): void {
    const tell = this.#tell;
    this.#next = this.#renew();
    tell();
  }

  #renew(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}
