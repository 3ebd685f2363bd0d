import { expect, it } from "vitest";
import { unzipLz4 } from "../../../modules/root/worker/lz4.ts";

it("an LZ4 block is undone, and refused where its checksum is another", () => {
  // Four letters, then eight bytes from four before; then the last literals. XXH64 by Python: xxhash.xxh64_intdigest.
  const block = Uint8Array.from([0x44, 97, 98, 99, 100, 4, 0, 0x50, 101, 102, 103, 104, 105]);
  const checksum = 12502615781260653838n;
  expect(Buffer.from(unzipLz4(block, 17, checksum)).toString()).toBe("abcdabcdabcdefghi");
  expect(() => unzipLz4(block, 17, checksum + 1n)).toThrow("checksum");
  expect(() => unzipLz4(block, 16, checksum)).toThrow("damaged");
  expect(() => unzipLz4(block, 18, checksum)).toThrow("damaged");
});
