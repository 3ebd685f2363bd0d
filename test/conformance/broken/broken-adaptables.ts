import {
  type Adaptable,
  type AdaptableCondition,
  EventInvalidError,
  type Expectation,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  OutOfDomainError,
  RandomStream,
  type StreamEvent,
} from "../../../core/index.ts";

/** Standard deviation of a reading. */
const SIGMA = 0.5;
const [SLOPE, OFFSET] = [0, 1];

/** A twin of a straight line, y = slope x + offset, that keeps every promise. What it has wrong is a constant. */
export class Line implements Adaptable {
  readonly conditions: readonly AdaptableCondition[] = [
    { name: "slope", unit: "mV/K", min: -1, max: 3, initial: 2, worth: 0.05 },
    { name: "offset", unit: "mV", min: -4, max: 4, initial: 0, worth: 0.1 },
  ];
  readonly causes: Adaptable["causes"] = [
    { name: "slope", rung: 1, conditions: [SLOPE], mayJoin: true },
    { name: "both", rung: 2, conditions: [SLOPE, OFFSET], mayJoin: false },
  ];
  protected applied: Float64Array = Float64Array.of(2, 0);

  get current(): Float64Array {
    return this.applied.slice();
  }

  features(events: readonly StreamEvent[]): Features {
    const values = events.flatMap(({ conditions: { x, y } }) => {
      if (x !== undefined && y !== undefined && Number.isFinite(x)) return [x, y];
      throw new EventInvalidError(`has x = ${x} and y = ${y}; both are needed`, { path: "conditions" });
    });
    return {
      count: events.length,
      values: Float64Array.from(values),
      timesNs: BigInt64Array.from(events, ({ timeNs }) => timeNs),
    };
  }

  async expect(
    reference: Features,
    conditions: Float64Array,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Expectation> {
    signal?.throwIfAborted();
    checkVector(conditions);
    if (reference.count < 10) throw new InvalidArgumentError(`${reference.count} events are no reference.`);
    const residuals = residualsOf(reference, conditions, 0);
    return new LineExpectation(residuals.reduce((sum, each) => sum + each, 0) / reference.count);
  }

  restore(expectation: JsonValue): Expectation {
    const bias = (expectation as { readonly bias?: unknown } | null)?.bias;
    if (typeof bias === "number") return new LineExpectation(bias);
    throw new InvalidArgumentError("This is no line.");
  }

  async apply(conditions: Float64Array): Promise<void> {
    checkVector(conditions);
    this.conditions.forEach(({ name, min, max }, index) => {
      const value = conditions[index] as number;
      if (!(value >= min && value <= max)) {
        throw new OutOfDomainError({ what: "line", condition: name, value, min, max });
      }
    });
    this.applied = conditions.slice();
  }

  calibration(conditions: Float64Array): JsonValue {
    checkVector(conditions);
    return { slope: conditions[SLOPE] as number, offsetMV: conditions[OFFSET] as number };
  }
}

export class LineExpectation implements Expectation {
  readonly #bias: number;

  constructor(bias: number) {
    this.#bias = bias;
  }

  scores(features: Features, conditions: Float64Array): Float64Array {
    const pulls = residualsOf(features, conditions, this.#bias).map((residual) => residual / SIGMA ** 2);
    return Float64Array.from(
      [...pulls].flatMap((pull, event) =>
        pull === 0 ? [0, 0] : [pull * (features.values[2 * event] as number), pull],
      ),
    );
  }

  information({ count, values, timesNs }: Features, conditions: Float64Array): Float64Array {
    const residuals = residualsOf({ count, values, timesNs }, conditions, this.#bias);
    const sums = new Float64Array(4);
    residuals.forEach((residual, event) => {
      const x = values[2 * event] as number;
      // What is not measured has no residual.
      if (residual === 0) return;
      [x * x, x, x, 1].forEach((term, i) => {
        sums[i] = (sums[i] as number) + term / SIGMA ** 2;
      });
    });
    return sums;
  }

  deviance(features: Features, conditions: Float64Array): Float64Array {
    return residualsOf(features, conditions, this.#bias).map((residual) => (residual / SIGMA) ** 2);
  }

  toJSON(): JsonValue {
    return { bias: this.#bias };
  }
}

/** 0 where something was not measured. */
function residualsOf({ count, values }: Features, conditions: Float64Array, bias: number): Float64Array {
  checkVector(conditions);
  if (values.length !== 2 * count) throw new InvalidArgumentError("Features of a line are x and y.");
  const [slope = 0, offset = 0] = conditions;
  return Float64Array.from({ length: count }, (_, event) => {
    const residual = (values[2 * event + 1] as number) - slope * (values[2 * event] as number) - offset - bias;
    return Number.isNaN(residual) ? 0 : residual;
  });
}

function checkVector(conditions: Float64Array): void {
  if (conditions.length === 2 && conditions.every(Number.isFinite)) return;
  throw new InvalidArgumentError(`A line has a slope and an offset; got [${conditions}].`);
}

/** Readings of a line whose zero is 0.3 mV off. */
export function lineEvents(first: number, count: number): StreamEvent[] {
  const random = new RandomStream({ seed: 7n, id: 0n });
  return Array.from({ length: count }, (_, index) => {
    const id = BigInt(first + index);
    random.restart(id);
    const x = 4 * random.uniform() - 1;
    const y = 2 * x + 0.3 + SIGMA * random.normal();
    return { source: "line", sequence: id, id, run: "", timeNs: 1000n * id, conditions: { x, y }, tensors: {} };
  });
}

/** A line whose expectations are changed. */
class OtherExpectations extends Line {
  readonly #change: (expectation: Expectation) => Partial<Expectation>;

  constructor(change: (expectation: Expectation) => Partial<Expectation>) {
    super();
    this.#change = change;
  }

  override async expect(...given: Parameters<Line["expect"]>): Promise<Expectation> {
    return this.#changed(await super.expect(...given));
  }

  override restore(value: JsonValue): Expectation {
    return this.#changed(super.restore(value));
  }

  #changed(expectation: Expectation): Expectation {
    return {
      scores: (...given) => expectation.scores(...given),
      information: (...given) => expectation.information(...given),
      deviance: (...given) => expectation.deviance(...given),
      toJSON: () => expectation.toJSON(),
      ...this.#change(expectation),
    };
  }
}

function expecting(change: (expectation: Expectation) => Partial<Expectation>): () => Adaptable {
  return () => new OtherExpectations(change);
}

/** A line with members of its own. */
function lineWith(change: (line: Line) => object): () => Adaptable {
  return () => {
    const line = new Line();
    for (const [name, value] of Object.entries(Object.getOwnPropertyDescriptors(change(line)))) {
      Object.defineProperty(line, name, value);
    }
    return line;
  };
}

function mapped(values: Float64Array, change: (value: number, index: number) => number): Float64Array {
  return values.map(change);
}

/** Adaptable twins that break one promise each, by what is wrong with them. */
export const brokenAdaptables: Readonly<Record<string, () => Adaptable>> = {
  "has scores of the other sign": expecting((line) => ({
    scores: (...given) => mapped(line.scores(...given), (value) => -value),
  })),
  "forgets a factor in a score": expecting((line) => ({
    scores: (...given) => mapped(line.scores(...given), (value, i) => (i % 2 === 0 ? value / 2 : value)),
  })),
  "has scores that are not 0 on average, as the deviance has": expecting((line) => {
    const shifted = (conditions: Float64Array): Float64Array =>
      conditions.with(OFFSET, (conditions[OFFSET] ?? 0) + 0.2);
    return {
      scores: (features, conditions) => line.scores(features, shifted(conditions)),
      deviance: (features, conditions) => line.deviance(features, shifted(conditions)),
    };
  }),
  "tells the information of one event": expecting((line) => ({
    information: (features, conditions) =>
      mapped(line.information(features, conditions), (value) => value / features.count),
  })),
  "tells three times the information": expecting((line) => ({
    information: (...given) => mapped(line.information(...given), (value) => 3 * value),
  })),
  "has information that is not symmetric": expecting((line) => ({
    information: (...given) => mapped(line.information(...given), (value, i) => (i === 1 ? 0 : value)),
  })),
  "has information with a negative eigenvalue": expecting((line) => ({
    information: (...given) => {
      const information = line.information(...given);
      const beside = 1.5 * Math.sqrt((information[0] as number) * (information[3] as number));
      return mapped(information, (value, i) => (i === 1 || i === 2 ? beside : value));
    },
  })),
  "looks at the mean of a batch": expecting((line) => ({
    deviance: (features, conditions) => {
      const deviance = line.deviance(features, conditions);
      const mean = deviance.reduce((sum, value) => sum + value, 0) / deviance.length;
      return mapped(deviance, (value) => value - mean);
    },
  })),
  "passes NaN on": expecting((line) => ({
    deviance: (features, conditions) =>
      mapped(line.deviance(features, conditions), (value, i) => value + 0 * (features.values[2 * i] as number)),
  })),
  "expects other things around its own conditions": expecting((line) => ({
    around: () => new LineExpectation((line.toJSON() as { bias: number }).bias + 0.1),
  })),
  "rounds what it keeps": expecting((line) => ({
    toJSON: () => ({ bias: Number((line.toJSON() as { bias: number }).bias.toFixed(3)) }),
  })),
  "takes vectors of any length": expecting((line) => ({
    scores: (features, conditions) => line.scores(features, Float64Array.of(...conditions, 0, 0).subarray(0, 2)),
  })),
  "restores anything": lineWith((line) => ({
    restore: (value: JsonValue) => Line.prototype.restore.call(line, { bias: 0, ...(value as object) }),
  })),
  "expects another thing each time": lineWith((line) => {
    let calls = 0;
    return {
      expect: async (...given: Parameters<Line["expect"]>) => {
        const { bias } = (await Line.prototype.expect.call(line, ...given)).toJSON() as { bias: number };
        return new LineExpectation(bias + 1e-12 * calls++);
      },
    };
  }),
  "takes any reference": lineWith((line) => ({
    expect: async (reference: Features, ...rest: [Float64Array]) =>
      reference.count < 10 ? new LineExpectation(0) : Line.prototype.expect.call(line, reference, ...rest),
  })),
  "pays no attention to the signal": lineWith((line) => ({
    expect: (reference: Features, conditions: Float64Array) => Line.prototype.expect.call(line, reference, conditions),
  })),
  "moves conditions to their bounds": lineWith((line) => ({
    apply: (conditions: Float64Array) =>
      Line.prototype.apply.call(
        line,
        mapped(conditions, (value, i) => {
          const { min, max } = line.conditions[i] ?? { min: value, max: value };
          return Math.min(Math.max(value, min), max);
        }),
      ),
  })),
  "has changed when it refuses": () =>
    new (class extends Line {
      override async apply(conditions: Float64Array): Promise<void> {
        checkVector(conditions);
        this.applied = conditions.slice();
        await super.apply(conditions);
      }
    })(),
  "keeps the vector of the caller": () =>
    new (class extends Line {
      override async apply(conditions: Float64Array): Promise<void> {
        await super.apply(conditions);
        this.applied = conditions;
      }
    })(),
  "hands its own vector out": () =>
    new (class extends Line {
      override get current(): Float64Array {
        return this.applied;
      }
    })(),
  "forgets a condition in its calibration": lineWith(() => ({
    calibration: (conditions: Float64Array) => {
      checkVector(conditions);
      return { slope: conditions[SLOPE] as number };
    },
  })),
  "gives features in another order": lineWith((line) => ({
    features: (events: readonly StreamEvent[]) => Line.prototype.features.call(line, events.toReversed()),
  })),
  "leaves out events without features": lineWith((line) => ({
    features: (events: readonly StreamEvent[]) =>
      Line.prototype.features.call(
        line,
        events.filter(({ conditions }) => conditions["x"] !== undefined),
      ),
  })),
  "has two conditions of a name": lineWith(({ conditions }) => ({
    conditions: conditions.map((condition) => ({ ...condition, name: "slope" })),
  })),
  "begins outside its bounds": lineWith(({ conditions }) => ({
    conditions: conditions.map((condition) => ({ ...condition, min: condition.initial + 0.1 })),
  })),
  "has causes in the order of their names": lineWith(({ causes }) => ({ causes: causes.toReversed() })),
  "has a cause of a condition that is not there": lineWith(({ causes }) => ({
    causes: [...causes, { name: "noise", rung: 3, conditions: [2], mayJoin: false }],
  })),
};
