import {
  type Expectation,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  solveSymmetric,
} from "../../../../core/index.ts";

/** Channels, then the common gain, the coefficient per kelvin and the shape. */
export const CHANNELS = 12;
export const [COMMON, PER_KELVIN, SHAPE, SIZE] = [CHANNELS, CHANNELS + 1, CHANNELS + 2, CHANNELS + 3];
/** Features: channels and the temperature less its reference. */
export const COLUMNS = CHANNELS + 1;

interface Document {
  readonly offset: readonly number[];
  readonly precision: readonly number[];
}

/** x is Gaussian around offset + (1 + coefficient · kelvin) · common · gain · bump, moved by the shape. */
export class SyntheticExpectation implements Expectation {
  readonly #document: Document;
  readonly #precision: Float64Array;

  constructor(document: JsonValue | Document) {
    const { offset, precision } = (document ?? {}) as Partial<Document>;
    if (offset?.length !== CHANNELS || precision?.length !== CHANNELS ** 2) {
      throw new InvalidArgumentError("This is no expectation of the synthetic twin.");
    }
    this.#document = { offset, precision };
    this.#precision = Float64Array.from(precision);
  }

  /** At the reference temperature, without offsets. */
  meanAt(conditions: Float64Array): Float64Array {
    return Float64Array.from({ length: CHANNELS }, (_, i) => bump(i, conditions));
  }

  /** Measured less expected. */
  residual({ values }: Features, event: number, conditions: Float64Array): Float64Array {
    const kelvin = values[event * COLUMNS + CHANNELS] as number;
    const factor = 1 + (conditions[PER_KELVIN] as number) * (Number.isNaN(kelvin) ? 0 : kelvin);
    return this.meanAt(conditions).map(
      (mean, i) => (values[event * COLUMNS + i] as number) - mean * factor - (this.#document.offset[i] as number),
    );
  }

  scores(features: Features, conditions: Float64Array): Float64Array {
    const scores = new Float64Array(features.count * SIZE);
    const common = conditions[COMMON] as number;
    const [mean, moved] = [this.meanAt(conditions), meanByShape(conditions)];
    this.#forEach(features, conditions, ({ event, pulled, factor, kelvin }) => {
      const row = event * SIZE;
      let [byMean, byShape] = [0, 0];
      for (let i = 0; i < CHANNELS; i++) {
        const along = (mean[i] as number) * (pulled[i] as number);
        scores[row + i] = (along / (conditions[i] as number)) * factor;
        byMean += along;
        byShape += (moved[i] as number) * (pulled[i] as number);
      }
      scores[row + COMMON] = (byMean / common) * factor;
      scores[row + PER_KELVIN] = byMean * kelvin;
      scores[row + SHAPE] = byShape * factor;
    });
    return scores;
  }

  information(features: Features, conditions: Float64Array): Float64Array {
    const information = new Float64Array(SIZE * SIZE);
    // The Jacobian of an event is a sum of two, times the factor and times kelvin: whole events need their moments only.
    const plain = this.#jacobian(conditions);
    let [factors, mixed, kelvins] = [0, 0, 0];
    this.#forEach(features, conditions, ({ factor, kelvin, precision }) => {
      if (precision === this.#precision) {
        factors += factor * factor;
        mixed += factor * kelvin;
        kelvins += kelvin * kelvin;
      } else addInformation(information, { precision, plain, moments: [factor ** 2, factor * kelvin, kelvin ** 2] });
    });
    addInformation(information, { precision: this.#precision, plain, moments: [factors, mixed, kelvins] });
    return information;
  }

  deviance(features: Features, conditions: Float64Array): Float64Array {
    const deviance = new Float64Array(features.count);
    this.#forEach(features, conditions, ({ event, residual, pulled }) => {
      let sum = 0;
      for (let i = 0; i < CHANNELS; i++) sum += (residual[i] as number) * (pulled[i] as number);
      deviance[event] = sum;
    });
    return deviance;
  }

  toJSON(): JsonValue {
    return { offset: [...this.#document.offset], precision: [...this.#document.precision] };
  }

  #forEach(features: Features, conditions: Float64Array, visit: (look: Look) => void): void {
    checkConditions(conditions);
    if (features.values.length !== features.count * COLUMNS) {
      throw new InvalidArgumentError(`Features have ${COLUMNS} columns.`);
    }
    const mean = this.meanAt(conditions);
    const { offset } = this.#document;
    const residual = new Float64Array(CHANNELS);
    const pulled = new Float64Array(CHANNELS);
    for (let event = 0; event < features.count; event++) {
      const told = features.values[event * COLUMNS + CHANNELS] as number;
      const kelvin = Number.isNaN(told) ? 0 : told;
      const factor = 1 + (conditions[PER_KELVIN] as number) * kelvin;
      let precision = this.#precision;
      const missing: number[] = [];
      for (let i = 0; i < CHANNELS; i++) {
        const value = features.values[event * COLUMNS + i] as number;
        residual[i] = value - (mean[i] as number) * factor - (offset[i] as number);
        if (!Number.isNaN(value)) continue;
        missing.push(i);
        residual[i] = 0;
      }
      if (missing.length > 0) precision = marginal(this.#precision, missing);
      for (let i = 0, at = 0; i < CHANNELS; i++) {
        let sum = 0;
        for (let j = 0; j < CHANNELS; j++, at++) sum += (precision[at] as number) * (residual[j] as number);
        pulled[i] = sum;
      }
      visit({ event, residual, pulled, kelvin, factor, precision });
    }
  }

  /** By each condition but for the factor, and by kelvin: `[channel, condition]`. */
  #jacobian(conditions: Float64Array): Float64Array {
    const [mean, moved] = [this.meanAt(conditions), meanByShape(conditions)];
    const jacobian = new Float64Array(CHANNELS * SIZE);
    for (let i = 0; i < CHANNELS; i++) {
      jacobian[i * SIZE + i] = (mean[i] as number) / (conditions[i] as number);
      jacobian[i * SIZE + COMMON] = (mean[i] as number) / (conditions[COMMON] as number);
      jacobian[i * SIZE + PER_KELVIN] = mean[i] as number;
      jacobian[i * SIZE + SHAPE] = moved[i] as number;
    }
    return jacobian;
  }
}

export function checkConditions(conditions: Float64Array): void {
  if (conditions.length === SIZE && conditions.every(Number.isFinite)) return;
  throw new InvalidArgumentError(`There are ${SIZE} conditions, finite numbers.`);
}

interface Look {
  readonly event: number;
  readonly residual: Float64Array;
  /** Precision times residual. */
  readonly pulled: Float64Array;
  readonly kelvin: number;
  readonly factor: number;
  readonly precision: Float64Array;
}

interface InformationOf {
  readonly precision: Float64Array;
  readonly plain: Float64Array;
  /** Of factor², factor · kelvin and kelvin². */
  readonly moments: readonly [number, number, number];
}

function addInformation(information: Float64Array, { precision, plain, moments }: InformationOf): void {
  for (let a = 0; a < SIZE; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let i = 0; i < CHANNELS; i++) {
        for (let j = 0; j < CHANNELS; j++) {
          sum +=
            (plain[i * SIZE + a] as number) * (precision[i * CHANNELS + j] as number) * (plain[j * SIZE + b] as number);
        }
      }
      sum *= moments[Number(a === PER_KELVIN) + Number(b === PER_KELVIN)] as number;
      information[a * SIZE + b] = (information[a * SIZE + b] as number) + sum;
      if (b < a) information[b * SIZE + a] = information[a * SIZE + b] as number;
    }
  }
}

const [CENTRE, WIDTH] = [5, 3];

function bump(i: number, conditions: Float64Array): number {
  const distance = (i - CENTRE - (conditions[SHAPE] as number)) / WIDTH;
  return 100 * Math.exp(-distance * distance * 0.5) * (conditions[i] as number) * (conditions[COMMON] as number);
}

function meanByShape(conditions: Float64Array): Float64Array {
  const slope = (i: number) => (i - CENTRE - (conditions[SHAPE] as number)) / (WIDTH * WIDTH);
  return Float64Array.from({ length: CHANNELS }, (_, i) => bump(i, conditions) * slope(i));
}

/** With rows and columns of the missing channels of the covariance left out. */
function marginal(precision: Float64Array, missing: readonly number[]): Float64Array {
  const kept = Array.from({ length: CHANNELS }, (_, i) => i).filter((i) => !missing.includes(i));
  const covariance = inverse(precision);
  const inner = inverse(
    Float64Array.from(kept.flatMap((i) => kept.map((j) => covariance[i * CHANNELS + j] as number))),
  );
  const whole = new Float64Array(CHANNELS ** 2);
  kept.forEach((i, a) => {
    kept.forEach((j, b) => {
      whole[i * CHANNELS + j] = inner[a * kept.length + b] as number;
    });
  });
  return whole;
}

export function inverse(matrix: Float64Array): Float64Array {
  const n = Math.sqrt(matrix.length);
  const columns = Array.from({ length: n }, (_, i) => solveSymmetric(matrix, new Float64Array(n).fill(1, i, i + 1)));
  return Float64Array.from(columns.flatMap((column) => Array.from(column ?? [])));
}
