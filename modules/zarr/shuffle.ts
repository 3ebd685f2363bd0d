/** Undoes the shuffle of bytes: the first bytes of all elements, the second bytes, and so on. */
export function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  // Bytes beyond the last whole element are not shuffled. Not `slice`, which for a Buffer is a view.
  const result = new Uint8Array(bytes);
  for (let byte = 0; byte < size; byte++) {
    const from = byte * count;
    for (let i = 0, to = byte; i < count; i++, to += size) result[to] = bytes[from + i] as number;
  }
  return result;
}
