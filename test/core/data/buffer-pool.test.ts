import { describe, expect, it } from "vitest";
import { BufferPool } from "../../../core/data/index.ts";

describe("BufferPool", () => {
  it("gives memory of the next power of two, again once it came back", () => {
    const pool = new BufferPool();
    const first = pool.take(50);
    expect(first.byteLength).toBe(64);
    expect(pool.take(64)).not.toBe(first);
    pool.give([first]);
    expect(pool.take(32)).not.toBe(first);
    expect(pool.take(64)).toBe(first);
    expect(pool.take(64)).not.toBe(first);
  });

  it("keeps 32 MiB, the youngest", () => {
    const pool = new BufferPool();
    const buffers = Array.from({ length: 5 }, () => new ArrayBuffer(2 ** 23));
    pool.give(buffers);
    const again = buffers.map(() => pool.take(2 ** 23));
    expect(again.filter((buffer) => buffers.includes(buffer))).toEqual(buffers.slice(1).toReversed());
    const large = new ArrayBuffer(2 ** 26);
    pool.give([large]);
    expect(pool.take(2 ** 26)).not.toBe(large);
  });
});
