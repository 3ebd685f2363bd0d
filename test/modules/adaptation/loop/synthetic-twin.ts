import {
  type Adaptable,
  type AdaptableCondition,
  type Cause,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  NdArray,
  OutOfDomainError,
  type RandomStream,
  RunningCovariance,
  type StreamEvent,
} from "../../../../core/index.ts";
import {
  CHANNELS,
  COLUMNS,
  COMMON,
  checkConditions,
  inverse,
  PER_KELVIN,
  SHAPE,
  SyntheticExpectation,
} from "./synthetic-expectation.ts";

export { CHANNELS, COLUMNS, COMMON, PER_KELVIN, SHAPE };

const gain = (name: string): AdaptableCondition => ({ name, unit: "1", min: 0.8, max: 1.2, initial: 1, worth: 0.003 });

/** A Gaussian instrument: correlated channels along a bump that can move, which no gain undoes. */
export class SyntheticTwin implements Adaptable {
  readonly conditions: readonly AdaptableCondition[] = [
    ...Array.from({ length: CHANNELS }, (_, i) => gain(`gain of channel ${i}`)),
    { ...gain("common gain"), drift: { walk: 5e-4, rate: 5e-5 } },
    {
      ...{ name: "coefficient", unit: "1/K", min: -0.05, max: 0.05, initial: 0, worth: 0.001 },
      drift: { walk: 3e-5, rate: 0 },
      slowControl: {
        ...{ multiplies: COMMON, feature: CHANNELS, reference: 0 },
        ...{ usualPerSecond: 0.033, mostPerSecond: 0.1, resolution: 0.05 },
      },
    },
    { name: "shape", unit: "channels", min: -2, max: 2, initial: 0, worth: 0.02 },
  ];
  readonly causes: readonly Cause[] = this.conditions.map(({ name }, index) => ({
    name,
    rung: index === SHAPE ? 2 : 1,
    conditions: [index],
    mayJoin: index < CHANNELS,
  }));
  #current = initialConditions(this);

  get current(): Float64Array {
    return this.#current.slice();
  }

  features(events: readonly StreamEvent[]): Features {
    const values = new Float64Array(events.length * COLUMNS);
    events.forEach(({ conditions, tensors }, row) => {
      const channels = tensors["channels"];
      if (channels?.dtype !== "float64" || channels.shape.length !== 1 || channels.shape[0] !== CHANNELS) {
        throw Object.assign(new Error(`An event has ${CHANNELS} channels, float64.`), { code: "TWIN_EVENT_INVALID" });
      }
      values.set(channels.values() as Float64Array, row * COLUMNS);
      values[row * COLUMNS + CHANNELS] = conditions["temperature"] ?? Number.NaN;
    });
    return { count: events.length, values, timesNs: BigInt64Array.from(events, ({ timeNs }) => timeNs) };
  }

  async expect(
    reference: Features,
    conditions: Float64Array,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<SyntheticExpectation> {
    signal?.throwIfAborted();
    checkConditions(conditions);
    if (reference.count < 100) throw new InvalidArgumentError("A reference has 100 events at least.");
    const plain = new SyntheticExpectation({
      offset: Array.from<number>({ length: CHANNELS }).fill(0),
      precision: Array.from(identity(CHANNELS)),
    });
    const residuals = new RunningCovariance(CHANNELS);
    for (let event = 0; event < reference.count; event++) residuals.add(plain.residual(reference, event, conditions));
    const { mean, covariance } = residuals.result();
    return new SyntheticExpectation({ offset: Array.from(mean), precision: Array.from(inverse(covariance)) });
  }

  restore(expectation: JsonValue): SyntheticExpectation {
    return new SyntheticExpectation(expectation);
  }

  async apply(conditions: Float64Array): Promise<void> {
    checkConditions(conditions);
    this.conditions.forEach(({ name, min, max }, i) => {
      const value = conditions[i] as number;
      if (value < min || value > max)
        throw new OutOfDomainError({ what: "The conditions", condition: name, value, min, max });
    });
    this.#current = conditions.slice();
  }

  calibration(conditions: Float64Array): JsonValue {
    checkConditions(conditions);
    return { conditions: Array.from(conditions) };
  }
}

export function initialConditions({ conditions }: Adaptable): Float64Array {
  return Float64Array.from(conditions, ({ initial }) => initial);
}

/** Conditions with some at other values. */
export function conditionsWith(changes: Readonly<Record<number, number>>): Float64Array {
  const conditions = initialConditions(new SyntheticTwin());
  for (const [index, value] of Object.entries(changes)) conditions[Number(index)] = value;
  return conditions;
}

/** How events are made. */
export interface Simulation {
  readonly random: RandomStream;
  readonly conditions: Float64Array;
  readonly count: number;
  /** Multiplies the Gaussian noise of an event: `heavyTails` for Student's t; 1 by default. */
  readonly spread?: (random: RandomStream) => number;
  /** Of the noise of neighbours, 0.5 by default; no condition describes it. */
  readonly correlation?: number;
  /** Event time of the first one, and between events. */
  readonly startNs?: bigint;
  readonly stepNs?: bigint;
  /** Less the reference, of an event; normal with 1 K by default. */
  readonly temperature?: (event: number) => number;
}

/** Student's t with 5 degrees of freedom and a variance of 1: a kurtosis of 9. */
export function heavyTails(random: RandomStream): number {
  return Math.sqrt(3 / (2 * random.gamma(2.5)));
}

/** Relative noise of a channel. */
const NOISE = 0.08;

export function simulate(simulation: Simulation): Features {
  const { random, conditions, count, startNs = 0n, stepNs = 500_000n, correlation = 0.5 } = simulation;
  const plain = new SyntheticExpectation({
    offset: Array.from<number>({ length: CHANNELS }).fill(0),
    precision: Array.from(identity(CHANNELS)),
  });
  // Imported constants are slow in tests, where a loader looks them up each time.
  const [channels, columns] = [CHANNELS, COLUMNS];
  const byKelvin = conditions[PER_KELVIN] as number;
  const values = new Float64Array(count * columns);
  const mean = plain.meanAt(conditions);
  const still = plain.meanAt(initialConditions(new SyntheticTwin()));
  for (let event = 0; event < count; event++) {
    const kelvin = simulation.temperature ? simulation.temperature(event) : random.normal();
    const factor = 1 + byKelvin * (Number.isNaN(kelvin) ? 0 : kelvin);
    const spread = simulation.spread?.(random) ?? 1;
    let noise = random.normal();
    for (let i = 0; i < channels; i++) {
      values[event * columns + i] = (mean[i] as number) * factor + NOISE * spread * noise * (still[i] as number);
      noise = correlation * noise + Math.sqrt(1 - correlation ** 2) * random.normal();
    }
    values[event * columns + channels] = kelvin;
  }
  return { count, values, timesNs: BigInt64Array.from({ length: count }, (_, i) => startNs + BigInt(i) * stepNs) };
}

/** Events one after the other. */
export function concatenated(parts: readonly Features[]): Features {
  const count = parts.reduce((total, part) => total + part.count, 0);
  const values = new Float64Array(count * COLUMNS);
  const timesNs = new BigInt64Array(count);
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at * COLUMNS);
    timesNs.set(part.timesNs, at);
    at += part.count;
  }
  return { count, values, timesNs };
}

/** The events with these features, for whoever wants events. */
export function asEvents({ count, values, timesNs }: Features): readonly StreamEvent[] {
  return Array.from({ length: count }, (_, row) => {
    const data = values.slice(row * COLUMNS, row * COLUMNS + CHANNELS);
    const kelvin = values[row * COLUMNS + CHANNELS] as number;
    return {
      ...{ source: "synthetic", sequence: BigInt(row), id: BigInt(row), run: "", timeNs: timesNs[row] as bigint },
      conditions: Number.isNaN(kelvin) ? {} : { temperature: kelvin },
      tensors: { channels: new NdArray(data, { dtype: "float64", shape: [CHANNELS] }) },
    };
  });
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}
