import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { unzipXz } from "../../../modules/root/worker/xz.ts";

// Pieces of LZMA2 that are stored as they are: what the format says can be written down by hand.
const CONTENT = Buffer.from("muons and electrons");

/** A stream of one block, without the index after it. */
function stream(pieces: readonly number[], content: Uint8Array = CONTENT): Uint8Array {
  const body = [...pieces, 0];
  while (body.length % 4 !== 0) body.push(0);
  const blockHeader = [2, 0, 0x21, 1, 0, 0, 0, 0];
  return Uint8Array.from([
    ...[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 10, 0, 0, 0, 0],
    // Its CRC-32, by Python: zlib.crc32(bytes([2, 0, 33, 1, 0, 0, 0, 0])).
    ...[...blockHeader, ...CRC_OF_HEADER],
    ...body,
    ...createHash("sha256").update(content).digest(),
    0,
  ]);
}
const CRC_OF_HEADER = [55, 39, 151, 214];

const stored = (control: number, text: Uint8Array): number[] => [control, 0, text.length - 1, ...text];

describe("an xz stream", () => {
  it("may have several pieces, stored ones among them", () => {
    const pieces = [...stored(1, CONTENT.subarray(0, 5)), ...stored(2, CONTENT.subarray(5))];
    expect(unzipXz(stream(pieces), CONTENT.length)).toEqual(new Uint8Array(CONTENT));
  });

  it("differs from its checksum where any bit of the values is another", () => {
    const bytes = stream(stored(1, CONTENT));
    const first = Buffer.from(bytes).indexOf(CONTENT);
    for (let bit = 0; bit < CONTENT.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[first + (bit >>> 3)] = (damaged[first + (bit >>> 3)] as number) ^ (1 << (bit & 7));
      expect(() => unzipXz(damaged, CONTENT.length)).toThrow(/checksum/);
    }
  });

  it.for([
    ["a first piece that refers to what was before", stored(2, CONTENT), CONTENT.length],
    ["an unknown kind of piece", stored(3, CONTENT), CONTENT.length],
    ["fewer bytes than there should be", stored(1, CONTENT), CONTENT.length + 1],
    ["more bytes than there should be", stored(1, CONTENT), CONTENT.length - 1],
    ["a piece without parameters", [...stored(1, CONTENT), 0x80, 0, 0, 0, 4, 0, 0, 0, 0, 0], CONTENT.length + 1],
    ["wrong parameters", [0xe0, 0, 0, 0, 4, 225, 0, 0, 0, 0, 0], 1],
    ["a piece that ends too early", [0xe0, 0, 0, 0xff, 0xff, 93, 0, 0, 0, 0, 0], 1],
    ["a reference to before the beginning", [0xe0, 0, 9, 0, 9, 93, 0, ...Array(9).fill(0xff)], 10],
  ] as const)("is refused with %s", ([, pieces, size]) => {
    expect(() => unzipXz(stream(pieces), size)).toThrow(/^(xz|LZMA): /);
  });

  it("is refused wherever it is cut short", () => {
    const bytes = stream(stored(1, CONTENT));
    for (let length = 0; length < bytes.length; length++)
      expect(() => unzipXz(bytes.subarray(0, length), CONTENT.length)).toThrow(/^xz: /);
  });
});
