import {
  type Adaptable,
  type CounterFaults,
  type Counters,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  type Marks,
  RandomStream,
  type StreamEvent,
} from "../../../core/index.ts";
import { Line } from "./broken-adaptables.ts";

const SIZE = 8;

/** What of a twin with counters may be other than it should. */
interface Changes {
  readonly counters?: (counters: Counters) => Partial<Counters>;
  readonly marks?: (marks: Marks) => Marks | undefined;
  /** Which counters an event marks; it may look at the place of the event in its batch. */
  readonly list?: (event: StreamEvent, place: number) => readonly number[];
  readonly apply?: (faults: CounterFaults | undefined, before: CounterFaults) => CounterFaults;
  readonly calibration?: (faults: CounterFaults) => JsonValue;
  readonly handsOut?: boolean;
}

/** A line with eight counters: half of the events mark each of the first four, an eighth each of the others. */
export class CountingLine extends Line {
  readonly #changes: Changes;
  #faults: CounterFaults = { silent: [], noisy: [] };

  constructor(changes: Changes = {}) {
    super();
    this.#changes = changes;
  }

  get counters(): Counters {
    const counters: Counters = {
      size: SIZE,
      name: (counter) => {
        check({ silent: [counter], noisy: [] });
        return `counter ${counter}`;
      },
      groups: Uint32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
      faults: this.#changes.handsOut ? this.#faults : structuredClone(this.#faults),
    };
    return { ...counters, ...this.#changes.counters?.(counters) };
  }

  override features(events: readonly StreamEvent[]): Features {
    const lists = events.map(this.#changes.list ?? marked);
    const offsets = new Uint32Array(events.length + 1);
    lists.forEach(({ length }, i) => {
      offsets[i + 1] = (offsets[i] as number) + length;
    });
    const marks = { offsets, counters: Uint32Array.from(lists.flat()) };
    const { marks: change = (same: Marks) => same } = this.#changes;
    return { ...super.features(events), marks: change(marks) };
  }

  override async apply(conditions: Float64Array, faults?: CounterFaults): Promise<void> {
    const { apply } = this.#changes;
    if (faults && !apply) check(faults);
    await super.apply(conditions);
    this.#faults = structuredClone(apply ? apply(faults, this.#faults) : (faults ?? this.#faults));
  }

  override calibration(conditions: Float64Array, faults: CounterFaults = this.#faults): JsonValue {
    if (!this.#changes.calibration) check(faults);
    const told = this.#changes.calibration?.(faults) ?? structuredClone({ ...faults } as unknown as JsonValue);
    return { line: super.calibration(conditions), faults: told };
  }
}

const random = new RandomStream({ seed: 11n, id: 0n });

function marked({ id }: StreamEvent): readonly number[] {
  random.restart(id);
  const numbers = Array.from({ length: SIZE }, () => random.uniform());
  return numbers.flatMap((number, counter) => (number < (counter < 4 ? 0.5 : 0.125) ? counter : []));
}

function check({ silent, noisy }: CounterFaults): void {
  const all = [...silent, ...noisy.map(({ counter }) => counter)];
  const isFine = all.every((counter) => Number.isInteger(counter) && counter >= 0 && counter < SIZE);
  if (isFine && new Set(all).size === all.length && noisy.every(({ rate }) => rate > 0 && rate <= 1)) return;
  throw new InvalidArgumentError("These are no faults of eight counters.");
}

function broken(changes: Changes): () => Adaptable {
  return () => new CountingLine(changes);
}

/** Twins with counters that break one promise each, by what is wrong with them. */
export const brokenCounters: Readonly<Record<string, () => Adaptable>> = {
  "gives all counters a name": broken({ counters: () => ({ name: () => "counter" }) }),
  "names counters that there are not": broken({ counters: () => ({ name: (counter) => `counter ${counter}` }) }),
  "has a counter with nobody to compare it with": broken({
    counters: () => ({ groups: Uint32Array.of(0, 0, 0, 0, 1, 1, 1, 2) }),
  }),
  "has fewer groups than counters": broken({ counters: () => ({ groups: Uint32Array.of(0, 0, 0, 0) }) }),
  "has a counter that some events leave out and the others of its group do not": broken({
    list: (event) => marked(event).filter((counter, _, all) => counter !== 2 || all.length < 3),
  }),
  "marks nothing": broken({ list: () => [] }),
  "has counters and no marks": broken({ marks: () => undefined }),
  "has one offset too few": broken({ marks: ({ offsets, counters }) => ({ offsets: offsets.subarray(1), counters }) }),
  "marks a counter twice": broken({ list: (event) => marked(event).flatMap((counter) => [counter, counter]) }),
  "marks counters in another order": broken({ list: (event) => marked(event).toReversed() }),
  "marks counters that there are not": broken({ list: (event) => [...marked(event), SIZE] }),
  "marks another counter for the first event of a batch": broken({
    list: (event, place) => (place === 0 ? [0] : marked(event)),
  }),
  "forgets faults": broken({ apply: (_, before) => before }),
  "has no faults any more when conditions are applied": broken({
    apply: (faults) => {
      if (faults) check(faults);
      return faults ?? { silent: [], noisy: [] };
    },
  }),
  "takes any faults": broken({ apply: (faults, before) => faults ?? before }),
  "hands its own faults out": broken({ handsOut: true }),
  "forgets noise in its calibration": broken({
    calibration: (faults) => {
      check(faults);
      return { silent: [...faults.silent] };
    },
  }),
  "forgets how much noise in its calibration": broken({
    calibration: (faults) => {
      check(faults);
      return { silent: [...faults.silent], noisy: faults.noisy.map(({ counter }) => counter) };
    },
  }),
  "tells any faults in a calibration": broken({ calibration: (faults) => structuredClone({ ...faults } as never) }),
};
