/** The names of two records, each once, sorted by UTF-16 code units: the same whichever comes first. */
export function namesOfBoth(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort((one, other) => (one < other ? -1 : 1));
}
