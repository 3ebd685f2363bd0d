/** Names of a record in the order of their UTF-16 code units, so that equal events are written equally. */
export function sortedNames(record: object): readonly string[] {
  return Object.keys(record).sort((a, b) => (a < b ? -1 : 1));
}
