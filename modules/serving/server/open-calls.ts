import { ServerDrainingError } from "../errors.ts";

/** The requests that a server is answering. */
export class OpenCalls {
  #open = 0;
  #isDraining: boolean = false;
  #onIdle: (() => void) | undefined;
  readonly #onDrain = new Set<() => void>();

  get count(): number {
    return this.#open;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @returns To be called once, when the request has ended. @throws {@link ServerDrainingError} */
  begin(): () => void {
    if (this.#isDraining) throw new ServerDrainingError("This server stops, and takes no further requests.");
    this.#open++;
    return () => {
      this.#open--;
      if (this.#open === 0) this.#onIdle?.();
    };
  }

  /** Calls this when draining begins. @returns Takes it back. */
  onDrain(listener: () => void): () => void {
    this.#onDrain.add(listener);
    return () => this.#onDrain.delete(listener);
  }

  /** Takes no further requests. @returns Whether those that had begun ended in time. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#isDraining = true;
    for (const listener of [...this.#onDrain]) listener();
    if (this.#open === 0) return true;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
