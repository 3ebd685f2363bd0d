import { describe, expect, it } from "vitest";
import { crc32c } from "../../../../core/files/journal/crc32c.ts";

describe("CRC-32C", () => {
  // RFC 3720, appendix B.4; the last is the check value of the catalogue of parametrised CRC algorithms.
  it.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 that count up", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 that count down", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["nothing", new Uint8Array(0), 0],
  ])("of %s is that of the standard", (_name, bytes, checksum) => {
    expect(crc32c(bytes)).toBe(checksum);
  });

  it("goes on from that of what comes before, wherever it is divided", () => {
    const bytes = Uint8Array.from({ length: 41 }, (_, i) => (i * 89) & 255);
    for (let at = 0; at <= bytes.length; at++) {
      expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(crc32c(bytes));
    }
  });
});
