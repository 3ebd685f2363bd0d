import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { FeatureRows, FeatureWindow } from "./feature-rows.ts";
import { gatherMarks } from "./marks.ts";

/** A row of a record. */
interface Place {
  readonly from: FeatureRows;
  readonly row: number;
}

/** Rows by window of event time, until they are taken in order. */
export class WindowBuffer {
  readonly #widthNs: bigint;
  readonly #windows: Map<bigint, Place[]> = new Map();

  /** @throws `TWIN_INVALID_ARGUMENT` for a width that is not above 0. */
  constructor(widthNs: bigint) {
    if (widthNs <= 0n) throw new InvalidArgumentError(`windowNs is ${widthNs}; a number above 0 is needed.`);
    this.#widthNs = widthNs;
  }

  /** Where the window of a time starts. */
  startOf(timeNs: bigint): bigint {
    const rest = timeNs % this.#widthNs;
    return timeNs - (rest < 0n ? rest + this.#widthNs : rest);
  }

  add(from: FeatureRows, row: number): void {
    const start = this.startOf(from.timesNs[row] as bigint);
    const places = this.#windows.get(start);
    if (places) places.push({ from, row });
    else this.#windows.set(start, [{ from, row }]);
  }

  /** Takes out the windows that end by then, in order; all without a time. @throws `TWIN_INVALID_ARGUMENT` for rows of different lengths */
  *take(endNs?: bigint): Generator<FeatureWindow, void, undefined> {
    const starts = [...this.#windows.keys()].filter((start) => endNs === undefined || start + this.#widthNs <= endNs);
    for (const startNs of starts.sort((a, b) => (a < b ? -1 : 1))) {
      const places = this.#windows.get(startNs) as Place[];
      this.#windows.delete(startNs);
      yield { startNs, widthNs: this.#widthNs, rows: gather(eachOnce(places.sort(compare))) };
    }
  }
}

function compare(a: Place, b: Place): number {
  const byTime = (a.from.timesNs[a.row] as bigint) - (b.from.timesNs[b.row] as bigint);
  if (byTime !== 0n) return byTime < 0n ? -1 : 1;
  const [left, right] = [a.from.sources[a.row] as string, b.from.sources[b.row] as string];
  if (left !== right) return left < right ? -1 : 1;
  const bySequence = (a.from.sequences[a.row] as bigint) - (b.from.sequences[b.row] as bigint);
  return bySequence === 0n ? 0 : bySequence < 0n ? -1 : 1;
}

/** Of what several workers took, and of what was read again, one. */
function eachOnce(places: readonly Place[]): readonly Place[] {
  return places.filter((place, i) => i === 0 || compare(places[i - 1] as Place, place) !== 0);
}

function gather(places: readonly Place[]): FeatureRows {
  const count = places.length;
  const columns = places[0]?.from.columns ?? 0;
  const values = new Float64Array(count * columns);
  places.forEach(({ from, row }, i) => {
    if (from.columns !== columns) {
      throw new InvalidArgumentError(
        `Some events have ${columns} features and others ${from.columns}. Read journals of the same features together.`,
      );
    }
    values.set(from.values.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  const marked = places.flatMap(({ from: { marks }, row }) => (marks ? { marks, row } : []));
  if (marked.length !== 0 && marked.length !== count) {
    throw new InvalidArgumentError(
      `Of ${count} events ${marked.length} have marks of counters and others have none. Read journals of the same twin together.`,
    );
  }
  return {
    count,
    columns,
    values,
    sources: places.map(({ from, row }) => from.sources[row] as string),
    sequences: BigUint64Array.from(places, ({ from, row }) => from.sequences[row] as bigint),
    ids: BigUint64Array.from(places, ({ from, row }) => from.ids[row] as bigint),
    timesNs: BigInt64Array.from(places, ({ from, row }) => from.timesNs[row] as bigint),
    ...(marked.length > 0 && { marks: gatherMarks(marked) }),
  };
}
