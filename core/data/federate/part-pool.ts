import type { OpenDataset } from "../../contracts/connector.ts";
import { TwinError } from "../../errors/twin-error.ts";
import { FileClosedError } from "../../files/errors.ts";
import { PartChangedError, PartUnavailableError } from "./errors.ts";
import { Gate } from "./gate.ts";
import type { DatasetPart } from "./part.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A part, and what is known of how it is. */
export interface PartState {
  readonly part: DatasetPart;
  /** Of the bytes that the federation was opened on; `undefined` before, or where the format has none. */
  version: string | undefined;
  /** Why it could not be read the last time; `undefined` where it could. */
  error: unknown;
  /** Dimensions whose coordinates are known to be the federation's. */
  readonly checked: Set<string>;
}

/** A file that is open, or being opened. */
interface Holding {
  readonly opening: Promise<OpenDataset>;
  /** Whose abort ends the opening. */
  readonly signal: AbortSignal | undefined;
  users: number;
  /** Not to be used again: a read failed, so the next one opens the part anew. */
  isSpent: boolean;
  isReleased: boolean;
}

/** Opens parts when they are needed, and keeps so many open: those used last. */
export class PartPool {
  readonly #gate: Gate;
  readonly #maxOpen: number;
  readonly #location: string;
  /** The one used longest ago first. */
  readonly #open = new Map<PartState, Holding>();
  readonly #closing = new Set<Promise<void>>();
  #isClosed: boolean = false;

  constructor(options: { readonly concurrency: number; readonly maxOpen: number; readonly location: string }) {
    this.#gate = new Gate(Math.min(options.concurrency, options.maxOpen));
    this.#maxOpen = options.maxOpen;
    this.#location = options.location;
  }

  /**
   * Works on a part while it is open. Waits while as many others are at work as may be.
   *
   * @throws {@link PartUnavailableError}, {@link PartChangedError}; the signal's reason.
   */
  async use<T>(state: PartState, work: (dataset: OpenDataset) => Promise<T>, { signal }: Abortable = {}): Promise<T> {
    return await this.#gate.pass(() => this.#use(state, work, signal), signal);
  }

  async #use<T>(
    state: PartState,
    work: (dataset: OpenDataset) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (;;) {
      this.checkOpen();
      signal?.throwIfAborted();
      const holding = this.#hold(state, signal);
      try {
        const result = await work(await this.#opened(state, holding));
        state.error = undefined;
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        this.checkOpen();
        if (isMisuse(error)) throw error;
        holding.isSpent = true;
        // Opened for a read that was given up: this one opens it again.
        if (holding.signal !== signal && holding.signal?.aborted) continue;
        state.error = error;
        throw error instanceof PartChangedError ? error : new PartUnavailableError(state.part.name, error);
      } finally {
        holding.users--;
        if (holding.users === 0 && holding.isSpent) this.#release(state, holding);
      }
    }
  }

  /** @throws `TWIN_FILE_CLOSED` */
  checkOpen(): void {
    if (this.#isClosed) throw new FileClosedError(this.#location);
  }

  /** Closes all parts; work that is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [state, holding] of this.#open) this.#release(state, holding);
    await Promise.all(this.#closing);
  }

  #hold(state: PartState, signal: AbortSignal | undefined): Holding {
    let holding = this.#open.get(state);
    if (!holding || holding.isSpent) {
      // One that is spent is closed by its last user.
      this.#open.delete(state);
      holding = { opening: this.#opening(state, signal), signal, users: 0, isSpent: false, isReleased: false };
    }
    // The failure is told by whoever awaits it.
    holding.opening.catch(() => undefined);
    holding.users++;
    this.#open.delete(state);
    this.#open.set(state, holding);
    return holding;
  }

  async #opened(state: PartState, holding: Holding): Promise<OpenDataset> {
    const dataset = await holding.opening;
    const { version } = dataset;
    if (state.version !== undefined && version !== undefined && version !== state.version) {
      throw new PartChangedError(state.part.name, { before: state.version, now: version });
    }
    state.version ??= version;
    return dataset;
  }

  /** Closes those used longest ago, if there would be too many, and opens the part when they are closed. */
  async #opening({ part }: PartState, signal: AbortSignal | undefined): Promise<OpenDataset> {
    for (const [state, holding] of this.#open) {
      if (this.#open.size < this.#maxOpen) break;
      if (holding.users === 0) this.#release(state, holding);
    }
    if (this.#closing.size > 0) await Promise.all(this.#closing);
    this.checkOpen();
    return await part.open({ signal });
  }

  #release(state: PartState, holding: Holding): void {
    if (this.#open.get(state) === holding) this.#open.delete(state);
    if (holding.isReleased) return;
    holding.isReleased = true;
    const closing = holding.opening
      .then((dataset) => dataset.close())
      .catch(() => undefined)
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

/** Errors that say nothing of the part: it is the call that is wrong, or parts that do not fit. */
function isMisuse(error: unknown): boolean {
  const codes = ["TWIN_INVALID_SELECTION", "TWIN_PARTS_DISAGREE", "TWIN_INVALID_ARGUMENT"];
  return error instanceof TwinError && codes.includes(error.code);
}
