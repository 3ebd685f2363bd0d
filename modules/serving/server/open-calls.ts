import { ServerDrainingError } from "../errors.ts";

/** The requests that a server is answering. */
export class OpenCalls {
  readonly #open = new Set<{ readonly ending: AbortController }>();
  readonly #onDrain = new Set<() => void>();
  #isDraining: boolean = false;
  #onIdle: (() => void) | undefined;

  get count(): number {
    return this.#open.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * @param ending - Ends the request when it takes longer than a server that stops waits.
   * @returns To be called when the request has ended.
   * @throws {@link ServerDrainingError}
   */
  begin(ending: AbortController): () => void {
    if (this.#isDraining) throw new ServerDrainingError("This server stops, and takes no further requests.");
    const entry = { ending };
    this.#open.add(entry);
    return () => {
      this.#open.delete(entry);
      if (this.#open.size === 0) this.#onIdle?.();
    };
  }

  /** Calls this when draining begins. @returns Takes it back. */
  onDrain(listener: () => void): () => void {
    this.#onDrain.add(listener);
    return () => this.#onDrain.delete(listener);
  }

  /** Takes no further requests, and ends those that take longer. @returns How many these were. */
  async drain(timeoutMs: number): Promise<number> {
    this.#isDraining = true;
    for (const listener of [...this.#onDrain]) listener();
    if (this.#open.size === 0) return 0;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.#cutOff()), timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(0);
      };
    });
  }

  #cutOff(): number {
    const late = [...this.#open];
    for (const { ending } of late)
      ending.abort(new ServerDrainingError("This server has stopped before it could answer."));
    return late.length;
  }
}
