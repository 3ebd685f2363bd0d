/**
 * JSON of a value as commands print it: typed arrays become arrays, integers beyond 2^53 strings (JSON readers would
 * round them), NaN and infinities null.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return isSafe(part) ? Number(part) : String(part);
    if (ArrayBuffer.isView(part) && !(part instanceof DataView)) return Array.from(part as Uint8Array);
    if (part instanceof Map) return Object.fromEntries(part);
    return part;
  });
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}
