const DEFAULT_DIGITS = 4;
const MISSING = "–";

/** A cell as people read it: significant digits, a real minus, powers of ten; a dash for what is missing. */
export function cellText(cell: string | number | null, digits: number = DEFAULT_DIGITS): string {
  if (cell === null) return MISSING;
  if (typeof cell === "string") return cell;
  if (!Number.isFinite(cell)) return Number.isNaN(cell) ? MISSING : cell > 0 ? "∞" : "−∞";
  return numberText(cell, digits).replace("-", "−");
}

function numberText(value: number, digits: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return String(value);
  if (size < 1e-4 || size >= 10 ** Math.max(digits, 6)) {
    const [mantissa = "", exponent = ""] = value.toExponential(digits - 1).split("e");
    return `${mantissa}×10${superscript(Number(exponent))}`;
  }
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

function superscript(exponent: number): string {
  return [...String(exponent)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
}
