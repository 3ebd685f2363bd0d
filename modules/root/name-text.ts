const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A name or a title, of which ROOT does not say how it is encoded: UTF-8, or else Latin-1, which anything can be. */
export function nameText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }
}
