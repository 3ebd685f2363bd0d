/** A text as one word of bash, whatever is in it. NUL cannot be in a word: what comes here has none. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
