/** What somebody threw, as a text for a message: an error's message, or the value itself. Never throws. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, or whose toString throws.
    return "an object that has no text";
  }
}
