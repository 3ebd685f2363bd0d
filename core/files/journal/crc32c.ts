// CRC-32C (Castagnoli), reflected, polynomial 0x1EDC6F41: RFC 3720, appendix B.4. Node has none, and CRC-32 from 20.15 only.
const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256: the remainder of a byte, followed by 0 to 7 zero bytes. */
const TABLES: readonly Int32Array[] = makeTables();

/**
 * CRC-32C of bytes, eight at a time.
 *
 * @param before - The checksum of what comes before them, to go on from.
 * @returns 0 to 2³² − 1.
 * @see M. E. Kounavis and F. L. Berry, "A Systematic Approach to Building High Performance Software-Based CRC Generators",
 *   IEEE ISCC 2005: slicing by 8.
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as unknown as Tables;
  const whole = bytes.length & ~7;
  let crc = ~before;
  let i = 0;
  // Indices are below 256 and below the length: an element is never missing.
  for (; i < whole; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      at(t7, crc & 255) ^
      at(t6, (crc >>> 8) & 255) ^
      at(t5, (crc >>> 16) & 255) ^
      at(t4, crc >>> 24) ^
      at(t3, at(bytes, i + 4)) ^
      at(t2, at(bytes, i + 5)) ^
      at(t1, at(bytes, i + 6)) ^
      at(t0, at(bytes, i + 7));
  }
  for (; i < bytes.length; i++) crc = at(t0, (crc ^ at(bytes, i)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

function at(array: Uint8Array | Int32Array, index: number): number {
  return array[index] as number;
}

function makeTables(): readonly Int32Array[] {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  const [first] = tables as [Int32Array];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[byte] = crc;
  }
  for (const [index, table] of tables.entries()) {
    const before = tables[index - 1];
    if (before)
      for (let byte = 0; byte < 256; byte++) table[byte] = (at(before, byte) >>> 8) ^ at(first, at(before, byte) & 255);
  }
  return tables;
}
