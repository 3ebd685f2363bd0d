import type { Domain } from "./domain.ts";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** Above this many powers of ten only some are labelled, and there are no ticks between. */
const DENSE_DECADES = 7;

/** Ticks of a logarithmic axis: labelled ones, and those between. */
export interface LogTicks {
  readonly labelled: readonly number[];
  readonly between: readonly number[];
}

/** Powers of ten, and where the axis has fewer than two of them also 2 and 5 times those. */
export function logTicks([min, max]: Domain): LogTicks {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  const inside = (value: number): boolean => value >= min * (1 - 1e-12) && value <= max * (1 + 1e-12);
  const stride = Math.max(1, Math.ceil((last - first) / DENSE_DECADES));
  const exponents = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const powers = exponents
    .filter((exponent) => exponent % stride === 0)
    .map((exponent) => 10 ** exponent)
    .filter(inside);
  const multiples = (factors: readonly number[]): number[] =>
    exponents.flatMap((exponent) => factors.map((factor) => factor * 10 ** exponent)).filter(inside);
  const labelled = powers.length >= 2 ? powers : multiples([1, 2, 5]);
  if (stride > 1) return { labelled, between: exponents.map((exponent) => 10 ** exponent).filter(inside) };
  return { labelled, between: multiples([2, 3, 4, 5, 6, 7, 8, 9]).filter((value) => !labelled.includes(value)) };
}

/** The power of ten that all labels of a linear axis are written with; 0 for plain numbers. */
export function commonExponent([min, max]: Domain): number {
  const size = Math.max(Math.abs(min), Math.abs(max));
  const exponent = size > 0 ? Math.floor(Math.log10(size)) : 0;
  return exponent >= 5 || exponent <= -4 ? exponent : 0;
}

/** Ticks of a linear axis: 1, 2 or 5 times a power of ten apart, about as many as asked for. */
export function linearTicks([min, max]: Domain, count: number): readonly number[] {
  const wanted = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(wanted));
  // So close that no power of ten lies between: there is nothing to count.
  if (power === 0) return [min, max];
  // The factor nearest on a logarithmic scale.
  const factor = [Math.SQRT2, Math.sqrt(10), Math.sqrt(50)].findIndex((limit) => wanted / power < limit);
  const step = [1, 2, 5][factor] ?? 10;
  const first = Math.ceil(min / (step * power) - 1e-9);
  const last = Math.floor(max / (step * power) + 1e-9);
  // Adding 0 makes -0 a 0.
  return Array.from({ length: last - first + 1 }, (_, index) => precise((first + index) * step * power) + 0);
}

/** Digits after the point that tell all ticks apart and show each in full, once written with a common power of ten. */
export function decimalsOf(ticks: readonly number[], exponent: number): number {
  return Math.max(0, ...ticks.map((tick) => (String(precise(tick / 10 ** exponent)).split(".")[1] ?? "").length));
}

/**
 * A number as axes print it: `0.50`, `1.5×10⁵`, `10⁻³`.
 *
 * @param decimals - Digits after the point; as many as the number needs by default.
 */
export function tickLabel(value: number, exponent: number, decimals?: number): string {
  if (value === 0) return "0";
  const mantissa = precise(value / 10 ** exponent);
  const digits = (decimals === undefined ? String(mantissa) : mantissa.toFixed(decimals)).replace("-", "−");
  if (exponent === 0) return digits;
  return mantissa === 1 && !decimals ? powerOfTen(exponent) : `${digits}×${powerOfTen(exponent)}`;
}

/** Without the last digits, where sums and quotients of decimal numbers go astray. */
function precise(value: number): number {
  return Number(value.toPrecision(15));
}

/** Label of a tick of a logarithmic axis: small numbers plain where the axis is short, powers of ten otherwise. */
export function logTickLabel(value: number, [min, max]: Domain): string {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  if (min >= 0.09 && max <= 2_000) return tickLabel(value, 0);
  return tickLabel(value, exponent === 1 ? 0 : exponent);
}

function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}
