import type { SourceRange } from "../contracts/source.ts";
import type { BlockCache } from "./block-cache.ts";
import type { ObjectIdentity, Requests } from "./requests.ts";
import { SharedTask } from "./shared-task.ts";

/** Blocks that lie side by side are fetched by one request, up to so many bytes; longer runs by several at once. */
const MAX_RUN_BYTES = 4 << 20;
/** A long read holds no more than so many bytes beside its target. */
const WINDOW_BYTES = 16 << 20;

type Blocks = ReadonlyMap<number, Uint8Array>;

/** What of a target comes from one block. */
interface Piece extends SourceRange {
  readonly index: number;
}

/** Reads one remote object by blocks of one size: from the cache, or by as few requests as possible. */
export class BlockReader {
  readonly #object: ObjectIdentity & { readonly key: string };
  readonly #blockBytes: number;
  readonly #cache: BlockCache;
  readonly #requests: Requests;
  readonly #onFetched: (bytes: number) => void;
  readonly #inFlight = new Map<number, SharedTask<Blocks>>();

  constructor(of: {
    readonly object: ObjectIdentity & { readonly key: string };
    readonly blockBytes: number;
    readonly cache: BlockCache;
    readonly requests: Requests;
    onFetched(bytes: number): void;
  }) {
    this.#object = of.object;
    this.#blockBytes = of.blockBytes;
    this.#cache = of.cache;
    this.#requests = of.requests;
    this.#onFetched = of.onFetched;
  }

  /** Fills targets whose ranges lie within the object, by as few requests as their blocks need together. */
  async readEachInto(ranges: readonly SourceRange[], signal?: AbortSignal): Promise<void> {
    const size = this.#blockBytes;
    const perWindow = Math.max(1, Math.floor(WINDOW_BYTES / size));
    let wanted = new Set<number>();
    let waiting: Piece[] = [];
    const readWindow = async (): Promise<void> => {
      const blocks = await this.#blocks(
        [...wanted].sort((a, b) => a - b),
        signal,
      );
      for (const { target, position, index } of waiting) {
        const block = blocks.get(index) ?? new Uint8Array();
        const from = Math.max(position - index * size, 0);
        const until = Math.min(position + target.length - index * size, block.length);
        target.set(block.subarray(from, until), index * size + from - position);
      }
      wanted = new Set();
      waiting = [];
    };
    for (const { target, position } of ranges) {
      if (target.length === 0) continue;
      const last = Math.floor((position + target.length - 1) / size);
      for (let index = Math.floor(position / size); index <= last; index++) {
        if (!wanted.has(index) && wanted.size >= perWindow) await readWindow();
        wanted.add(index);
        waiting.push({ target, position, index });
      }
    }
    await readWindow();
  }

  async #blocks(wanted: readonly number[], signal: AbortSignal | undefined): Promise<Map<number, Uint8Array>> {
    const found = new Map<number, Uint8Array>();
    await Promise.all(
      wanted.map(async (index) => {
        const block = await this.#cache.get(this.#object.key, index, this.#lengthOf(index));
        if (block) found.set(index, block);
      }),
    );
    signal?.throwIfAborted();
    const tasks = new Set<SharedTask<Blocks>>();
    let run: number[] = [];
    const fetchRun = (): void => {
      if (run.length > 0) tasks.add(this.#fetch(run));
      run = [];
    };
    for (const index of wanted) {
      const running = this.#inFlight.get(index);
      const isMissing = !found.has(index);
      if (isMissing && running && !running.isAbandoned) tasks.add(running);
      const isFetched = isMissing && (!running || running.isAbandoned);
      const isNext = isFetched && run.at(-1) === index - 1;
      if (!isNext || run.length * this.#blockBytes >= MAX_RUN_BYTES) fetchRun();
      if (isFetched) run.push(index);
    }
    fetchRun();
    for (const blocks of await Promise.all([...tasks].map((task) => task.join(signal)))) {
      for (const [index, block] of blocks) found.set(index, block);
    }
    return found;
  }

  #fetch(run: readonly number[]): SharedTask<Blocks> {
    const task = new SharedTask((signal) => this.#request(run, signal));
    for (const index of run) this.#inFlight.set(index, task);
    const forget = (): void => {
      for (const index of run) if (this.#inFlight.get(index) === task) this.#inFlight.delete(index);
    };
    void task.settled.then(forget);
    return task;
  }

  async #request(run: readonly number[], signal: AbortSignal): Promise<Blocks> {
    const [first = 0] = run;
    const start = first * this.#blockBytes;
    const length = Math.min(run.length * this.#blockBytes, this.#object.bytes - start);
    const blocks = new Map(run.map((index) => [index, new Uint8Array(this.#lengthOf(index))]));
    for await (const [position, piece] of this.#requests.range(this.#object, { start, length }, signal)) {
      for (let done = 0; done < piece.length; ) {
        const index = Math.floor((position + done) / this.#blockBytes);
        const at = position + done - index * this.#blockBytes;
        const part = piece.subarray(done, done + this.#lengthOf(index) - at);
        blocks.get(index)?.set(part, at);
        done += part.length;
      }
      this.#onFetched(piece.length);
    }
    for (const [index, block] of blocks) this.#cache.put(this.#object.key, index, block);
    return blocks;
  }

  #lengthOf(index: number): number {
    return Math.min(this.#blockBytes, this.#object.bytes - index * this.#blockBytes);
  }
}
