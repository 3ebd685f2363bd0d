/** The value of a YAML 1.2 text without tags, or what is wrong with the text, and where. */
export async function parseYaml(
  text: string,
): Promise<{ readonly value: unknown; readonly problem?: undefined } | { readonly problem: string }> {
  // Lazily: whoever imports the root has rarely a text to parse.
  const { LineCounter, parseDocument } = await import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { version: "1.2", stringKeys: true, prettyErrors: false, lineCounter });
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    return { problem: `line ${line}, column ${col}: ${error.message}` };
  }
  try {
    return { value: document.toJS() as unknown };
  } catch (tooMuch) {
    // An alias that stands for too much.
    return { problem: (tooMuch as Error).message };
  }
}
