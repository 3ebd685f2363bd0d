/**
 * What must lie in the folder of a `SourceFixture`: contents by name. In every file each position is recognisable, and one
 * is longer than the blocks in which a source may read.
 */
export function sourceSample(): Readonly<Record<string, Uint8Array<ArrayBuffer>>> {
  return SAMPLE;
}

const SAMPLE = {
  "tas_1.nc": numbered(700_001, 1),
  "tas_2.nc": numbered(5000, 2),
  "tas 3 (a+b).nc": numbered(10, 3),
  "pr_1.nc": numbered(1, 4),
  "empty.nc": new Uint8Array(),
  "later/tas_4.nc": numbered(20, 5),
  "later/still/tas_5.nc": numbered(30, 6),
};

function numbered(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16) * 3 + seed) & 255);
}
