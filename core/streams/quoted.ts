/** Characters of a text of a message that an error shows: nobody wants megabytes of it in a log. */
const MOST = 40;

/** A text of a message as an error shows it, in quotes. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text));
}

/** A text of a message as an error shows it. */
export function shortened(text: string): string {
  if (text.length <= MOST) return text;
  // By characters: half a surrogate pair is none.
  return `${Array.from(text.slice(0, 2 * MOST))
    .slice(0, MOST)
    .join("")}…`;
}
