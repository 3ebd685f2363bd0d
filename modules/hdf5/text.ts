/** UTF-8, or where it is not valid UTF-8, Latin-1: what old files hold that call themselves ASCII. */
export function decodeText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("�") && !isUtf8Replacement(bytes) ? bytes.toString("latin1") : text;
}

/** Whether the bytes hold U+FFFD itself rather than something invalid. */
function isUtf8Replacement(bytes: Buffer): boolean {
  return bytes.includes("�");
}
