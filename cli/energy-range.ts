import { UsageError } from "./errors.ts";

/**
 * Reads `--energy-range-mev min:max`.
 *
 * @throws `TWIN_USAGE` for anything but two energies, the smaller first.
 */
export function energyRangeOf(typed: string): readonly [number, number];
export function energyRangeOf(typed: string | undefined): readonly [number, number] | undefined;
export function energyRangeOf(typed: string | undefined): readonly [number, number] | undefined {
  if (typed === undefined) return undefined;
  const [min, max, ...rest] = typed.split(":").map(Number);
  if (rest.length > 0 || !(min !== undefined && max !== undefined && min > 0 && max >= min && max < Infinity)) {
    throw new UsageError(
      `--energy-range-mev ${typed}: give two energies in MeV, the smaller first, as in 1000:100000.`,
    );
  }
  return [min, max];
}
