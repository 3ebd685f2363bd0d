import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { RawSlab } from "../../../modules/hdf5/worker/protocol.ts";
import { type ChunkSource, readChunks } from "../../../modules/hdf5/worker/read-chunks.ts";

interface Stored {
  readonly isCompressed: boolean;
  readonly isShuffled: boolean;
}

const FORMS = [true, false].flatMap((isCompressed) =>
  [true, false].map((isShuffled): Stored => ({ isCompressed, isShuffled })),
);

/** Values per chunk: of less than 64 KiB and of more, which are decompressed beside each other. */
const LENGTHS = [100, 20_000];
const CHUNKS = 9;

/** Every other chunk is of one value, so that compressed lengths rise and fall. */
function valueAt(index: number, length: number): number {
  const chunk = Math.floor(index / length);
  return chunk % 2 === 0 ? Math.imul(index + 1, 0x9e3779b1) >>> 0 : chunk;
}

async function withChunks<T>(length: number, form: Stored, use: (source: ChunkSource) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "twinloom-test-"));
  const chunks = new Map<number, { readonly position: number; readonly bytes: number }>();
  const parts: Uint8Array[] = [];
  let position = 0;
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const values = Uint32Array.from({ length }, (_, i) => valueAt(chunk * length + i, length));
    const plain = new Uint8Array(values.buffer);
    let bytes = plain;
    if (form.isShuffled) bytes = plain.map((_, i) => plain[(i % length) * 4 + Math.floor(i / length)] as number);
    if (form.isCompressed) bytes = deflateSync(bytes);
    chunks.set(chunk, { position, bytes: bytes.length });
    parts.push(bytes);
    position += bytes.length;
  }
  writeFileSync(join(folder, "chunks"), Buffer.concat(parts));
  const descriptor = openSync(join(folder, "chunks"), "r");
  try {
    return await use({
      ...{ descriptor, chunks, elementBytes: 4, ...form },
      ...{ shape: [CHUNKS * length], chunkShape: [length] },
    });
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
}

function expected(length: number, { start, count, step }: RawSlab): number[] {
  return Array.from({ length: count[0] as number }, (_, i) => {
    return valueAt((start[0] as number) + i * (step[0] as number), length);
  });
}

describe.each(LENGTHS)("chunks of %i values", (length) => {
  const slabs: readonly RawSlab[] = [
    { start: [0], count: [CHUNKS * length], step: [1] },
    // A whole chunk is handed over in its own memory.
    ...[4, 2, 3].map((chunk): RawSlab => ({ start: [chunk * length], count: [length], step: [1] })),
    { start: [length - 7], count: [2 * length], step: [3] },
    { start: [5 * length + 3], count: [10], step: [1] },
    { start: [6 * length], count: [length], step: [1] },
  ];

  it.each(FORMS)("are read one after another in the same memory, and none has another's values: %o", async (form) => {
    const results = await withChunks(length, form, (source) => readChunks(source, slabs, () => false));
    expect(results).toHaveLength(slabs.length);
    const buffers = new Set<ArrayBuffer>();
    for (const [i, values] of results.entries()) {
      if (values.kind !== "bytes") throw new Error("not bytes");
      buffers.add(values.bytes.buffer);
      const { buffer, byteOffset, byteLength } = values.bytes;
      const got = new Uint32Array(buffer, byteOffset, byteLength / 4);
      const wanted = Uint32Array.from(expected(length, slabs[i] as RawSlab));
      expect(got.findIndex((value, at) => value !== wanted[at])).toBe(-1);
      expect(got).toHaveLength(wanted.length);
    }
    // Each result is moved to another thread by itself.
    expect(buffers.size).toBe(slabs.length);
  });
});
