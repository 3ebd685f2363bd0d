import { readFileSync } from "node:fs";
import { damaged } from "./failure.ts";

/** What lz4.wat exports. */
interface Lz4Module {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  unzip(source: number, length: number, target: number, size: number): number;
  xxhash64(source: number, length: number): bigint;
}

/** Room that lz4.wat needs after each array. */
const SLACK_BYTES = 16;
const PAGE_BYTES = 65536;

let loaded: Lz4Module | undefined;

/**
 * Decompresses one LZ4 block, which must have so many bytes, after comparing it with its checksum. In WebAssembly, where
 * 64-bit numbers are machine words.
 *
 * @param checksum - XXH64 of the block.
 * @throws When the block is damaged.
 */
export function unzipLz4(block: Uint8Array, size: number, checksum: bigint): Uint8Array<ArrayBuffer> {
  loaded ??= load();
  const { memory, unzip, xxhash64 } = loaded;
  const target = Math.ceil((block.length + SLACK_BYTES) / 16) * 16;
  const missing = target + size + SLACK_BYTES - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(block, 0);
  if (BigInt.asUintN(64, xxhash64(0, block.length)) !== checksum)
    throw damaged("an LZ4 block differs from its checksum");
  if (unzip(0, block.length, target, size) === 0) throw damaged("an LZ4 block is damaged");
  return bytes.slice(target, target + size) as Uint8Array<ArrayBuffer>;
}

/** Part of what every JavaScript engine has; its types come with those of browsers, which we do not load. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Lz4Module };
}

function load(): Lz4Module {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
  const module = new WebAssembly.Module(readFileSync(new URL("./lz4.wasm", import.meta.url)));
  return new WebAssembly.Instance(module).exports;
}
