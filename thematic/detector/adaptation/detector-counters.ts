import { type CounterFaults, type Counters, InvalidArgumentError } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { CalibrationOfFaults, DetectorCalibration } from "./calibration.ts";
import { Cells } from "./cells.ts";
import { ReadingBins } from "./reading-bins.ts";

const NONE: CounterFaults = { silent: [], noisy: [] };

/**
 * The counters of a calorimeter. First its cells: an event marks those that read something, and the cells of a ring around the beam, in
 * a layer, count equally often but for what a reference tells. Then the bins of small readings: an event marks those that a cell of it
 * is in; all of them are a group, as the shape of their spectrum hardly depends on what the events are like.
 */
export class DetectorCounters implements Counters {
  readonly size: number;
  readonly groups: Uint32Array;
  readonly bins: ReadingBins;
  readonly #cells: Cells;
  /** That of the calibration it began with, which need not be on an edge. */
  readonly #givenThresholdMeV: number;
  #faults: CounterFaults = NONE;

  /** @throws `TWIN_INVALID_ARGUMENT` for a calibration with cells that there are not */
  constructor(geometry: CalorimeterGeometry, calibration?: DetectorCalibration) {
    const [cells, bins] = [new Cells(geometry), new ReadingBins(geometry)];
    [this.#cells, this.bins] = [cells, bins];
    this.size = cells.size + bins.size;
    const group = cells.ringOf(cells.size - 1) + 1;
    this.groups = Uint32Array.from({ length: this.size }, (_, at) => (at < cells.size ? cells.ringOf(at) : group));
    this.#givenThresholdMeV = calibration?.response.thresholdMeV ?? 0;
    if (calibration) this.apply(this.#faultsOf(calibration));
  }

  get faults(): CounterFaults {
    return structuredClone(this.#faults);
  }

  name(counter: number): string {
    if (!(Number.isInteger(counter) && counter >= 0 && counter < this.size)) {
      const last = this.#cells.size - 1;
      throw new InvalidArgumentError(
        `There is no counter ${counter}: cells are 0 to ${last}, readings ${last + 1} to ${this.size - 1}.`,
      );
    }
    return this.#isCell(counter)
      ? `cell [${this.#cells.cellOf(counter).join(", ")}]`
      : this.bins.name(counter - this.#cells.size);
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what are no faults of these counters */
  check({ silent, noisy }: CounterFaults): void {
    const all = [...silent, ...noisy.map(({ counter }) => counter)];
    const names = all.map((counter) => this.name(counter));
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice !== undefined) throw new InvalidArgumentError(`${twice}: silent or noisy twice.`);
    const wrong = noisy.find(({ rate }) => !(rate > 0 && rate <= 1));
    if (wrong)
      throw new InvalidArgumentError(
        `${this.name(wrong.counter)}: noisy in ${wrong.rate} of the events; above 0 to 1 can be.`,
      );
  }

  /** @throws as {@link check}; nothing has changed then */
  apply(faults: CounterFaults): void {
    this.check(faults);
    this.#faults = structuredClone(faults);
  }

  /** Noisy cells are not used; more of small readings changes nothing. @throws as {@link check} */
  calibrationOf(faults: CounterFaults): CalibrationOfFaults {
    this.check(faults);
    const silent = faults.silent.filter((counter) => this.#isCell(counter));
    const noisy = faults.noisy.filter(({ counter }) => this.#isCell(counter));
    const dead = [...silent, ...noisy.map(({ counter }) => counter)].sort((a, b) => a - b);
    const thresholdMeV = this.#thresholdOf(faults);
    return {
      response: {
        ...(dead.length > 0 && { deadCells: dead.map((counter) => this.#cells.cellOf(counter)) }),
        ...(thresholdMeV > 0 && { thresholdMeV }),
      },
      ...(noisy.length > 0 && {
        noisyCells: noisy.map(({ counter, rate }) => ({ cell: this.#cells.cellOf(counter), rate })),
      }),
    };
  }

  #isCell(counter: number): boolean {
    return counter < this.#cells.size;
  }

  #thresholdOf({ silent }: CounterFaults): number {
    const bins = silent.filter((counter) => !this.#isCell(counter)).map((counter) => counter - this.#cells.size);
    const given = this.#givenThresholdMeV;
    // It is known better than to a bin, as long as it holds.
    return String(bins) === String(this.bins.below(given)) ? given : this.bins.thresholdMeV(new Set(bins));
  }

  #faultsOf({ response, noisyCells = [] }: CalibrationOfFaults): CounterFaults {
    const noisy = noisyCells.map(({ cell, rate }) => ({ counter: this.#cells.indexOf(cell), rate }));
    const loud = new Set(noisy.map(({ counter }) => counter));
    const dead = (response.deadCells ?? []).map((cell) => this.#cells.indexOf(cell));
    const bins = this.bins.below(response.thresholdMeV ?? 0).map((bin) => this.#cells.size + bin);
    return { silent: [...dead.filter((counter) => !loud.has(counter)), ...bins], noisy };
  }
}
