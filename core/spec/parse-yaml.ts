/** A place in a text, counted from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** What came of {@link parseYaml}. */
export type ParsedYaml =
  | {
      readonly value: unknown;
      readonly problem?: undefined;
      /** Where a part of the value is written: the part itself, or the nearest above that is there. */
      placeOf(path: readonly (string | number)[]): TextPlace;
    }
  | { readonly problem: string };

/** The value of a YAML 1.2 text without tags, or what is wrong with the text, and where. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
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
    const value: unknown = document.toJS();
    return { value, placeOf };
  } catch (tooMuch) {
    // An alias that stands for too much.
    return { problem: (tooMuch as Error).message };
  }

  function placeOf(path: readonly (string | number)[]): TextPlace {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      const { range } = (node ?? {}) as { readonly range?: readonly number[] };
      if (range?.[0] === undefined) continue;
      const { line, col } = lineCounter.linePos(range[0]);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  }
}
