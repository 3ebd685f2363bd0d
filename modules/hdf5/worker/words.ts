/** Unsigned words of a width that divides that of the elements; moving them changes no bit of a value. */
export type Words = Uint8Array | Uint16Array | Uint32Array;

/** Bytes as words. */
export function words({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>, elementBytes: number): Words {
  if (elementBytes % 4 === 0) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  if (elementBytes % 2 === 0) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Words in an element. */
export function wordsIn(elementBytes: number): number {
  if (elementBytes % 4 === 0) return elementBytes / 4;
  return elementBytes % 2 === 0 ? elementBytes / 2 : elementBytes;
}
