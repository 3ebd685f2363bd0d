/** Milliseconds of the clock that all processes of a machine share, and that is never set. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Of many times, ms. */
export interface TimeQuantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function quantilesOf(times: Float64Array): TimeQuantiles {
  const sorted = times.slice().sort();
  const at = (share: number): number =>
    Math.round(100 * (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN)) / 100;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
