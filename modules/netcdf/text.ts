/** Text of a file: UTF-8, or where it is not valid UTF-8, Latin-1, which old files hold. Ends at trailing NULs. */
export function textOf(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const kept = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const text = kept.toString("utf8");
  return text.includes("\ufffd") && !kept.includes("\ufffd") ? kept.toString("latin1") : text;
}

/** A name of a file: cut at the first NUL, which sloppy writers leave in, and in Unicode's form C, as NetCDF has it. */
export function nameOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return textOf(end < 0 ? bytes : bytes.subarray(0, end)).normalize("NFC");
}
