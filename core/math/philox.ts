import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Words that fit in the module's memory, one page. */
const MOST_WORDS = 16_384;

/** What philox.wat exports. */
interface PhiloxModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  blocks(count: number, first: number, c1: number, c2: number, c3: number, key0: number, key1: number): void;
}

let philox: { readonly words: Uint32Array; readonly blocks: PhiloxModule["blocks"] } | undefined;

/**
 * Fills `out` by Philox4x32-10 with consecutive blocks: counters `(c0, c1, c2, c3)`, `(c0 + 1, c1, c2, c3)`, …, four words
 * each. A counter of 128 bits and a key of 64 bits give 128 random bits; there is no state to carry along, so any block of
 * any stream can be had at any time, on any thread.
 *
 * @param out - Its length is a multiple of 4, 16,384 at most.
 * @param counter - Four words, least significant first; `c0` wraps at 2^32.
 * @param key - Two words, least significant first.
 * @throws `TWIN_INVALID_ARGUMENT` for another length.
 *
 * @see J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11,
 *   doi:10.1145/2063384.2063405. Equal to Random123's `philox4x32_R(10, …)` (its known answers are our test).
 */
export function philoxBlocks(
  out: Uint32Array,
  [c0, c1, c2, c3]: readonly [number, number, number, number],
  [key0, key1]: readonly [number, number],
): void {
  const { length } = out;
  if (length % 4 !== 0 || length > MOST_WORDS) {
    throw new InvalidArgumentError(`Philox gives blocks of 4 words, ${MOST_WORDS} words at most; got ${length}.`);
  }
  if (length === 0) return;
  philox ??= load();
  philox.blocks(length / 4, c0, c1, c2, c3, key0, key1);
  out.set(length === philox.words.length ? philox.words : philox.words.subarray(0, length));
}

/** Part of what every JavaScript engine has; its types come with those of browsers, which we do not load. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: PhiloxModule };
}

function load(): NonNullable<typeof philox> {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const module = new WebAssembly.Module(readFileSync(new URL("./philox.wasm", import.meta.url)));
  const { memory, blocks } = new WebAssembly.Instance(module).exports;
  return { words: new Uint32Array(memory.buffer), blocks };
}
