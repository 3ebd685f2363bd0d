import { randomBytes } from "node:crypto";

/**
 * A UUID that is unique and sorts by time.
 *
 * @param timeMs - Milliseconds since 1970.
 * @see Source: RFC 9562, section 5.7 (version 7).
 */
export function uuid7(timeMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Math.trunc(timeMs), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
