/**
 * A text of a file or a server with control characters spelt out (`\\u001b`), so that it cannot steer the terminal: colours,
 * titles, erased lines, the direction of writing. Line breaks stay.
 */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant.
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
