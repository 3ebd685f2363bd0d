/**
 * Widths of letters as shares of the font size, not below those of DejaVu Sans, the widest of the fonts that figures name:
 * without a canvas nobody knows which font it will be, and text that is estimated too narrow leaves the picture.
 */
const WIDTHS: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ijlI']/, 0.3],
  [/[.,:;|/\\ f]/, 0.36],
  [/[rt()[\]"!-]/, 0.47],
  [/[csz]/, 0.56],
  [/[a-ln-vx-z0-9_{}`]/, 0.64],
  [/[A-LN-VX-Z]/, 0.79],
];
const OTHER_LETTER = 1.1;
const NARROWEST = 0.3;

/** Width that a text does not exceed, pixels. */
export function textWidth(text: string, fontSize: number): number {
  let sum = 0;
  for (const letter of text) sum += WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? OTHER_LETTER;
  return sum * fontSize;
}

/** The text with an ellipsis in its middle where it would be wider than this: names differ at both ends. */
export function shortened(text: string, widest: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= widest) return text;
  const letters = [...text];
  for (let kept = Math.floor(widest / (NARROWEST * fontSize)); kept > 0; kept--) {
    const head = letters.slice(0, Math.ceil(kept / 2)).join("");
    const tail = letters.slice(letters.length - Math.floor(kept / 2)).join("");
    const short = `${head}…${tail}`;
    if (textWidth(short, fontSize) <= widest) return short;
  }
  return "…";
}
