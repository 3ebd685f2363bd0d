import { z } from "zod";
import {
  checkSchema,
  type Expectation,
  type Features,
  InvalidArgumentError,
  type JsonValue,
  solveSymmetric,
} from "../../../core/index.ts";

const numbers = z.array(z.number()).readonly();

/** What a climate twin expects of stations, as plain JSON. */
export const ExpectationSchema = z.strictObject({
  expects: z.literal("departures at stations"),
  schemaVersion: z.literal(1),
  /** Of the emulator. */
  emulator: z.string(),
  stations: z.int().min(1),
  offsets: z.int().min(0),
  /** `[station, offset]`: what a standard deviation of each mode does at a station. */
  response: numbers,
  /** `[station, station]`: covariance of departures, errors included, of a spread of 1. */
  covariance: numbers,
  /** `[station]`: what the reference has otherwise than the twin. */
  correction: numbers,
});
export type ExpectationDocument = z.infer<typeof ExpectationSchema>;

/** Looks at the residuals of one event. */
interface Look {
  readonly measured: number;
  /** P r and r P r of a spread of 1, and Jᵀ P J, `[offset, offset]`. */
  readonly pulled: Float64Array;
  readonly distance: number;
  readonly curvature: Float64Array;
  readonly logDeterminant: number;
}

/**
 * Departures at stations are normal, with the mean that offsets of the leading modes give, and the covariance of the emulator times
 * the spread squared. Each event is taken by itself: features of days too near to each other are not to be given, as `features()` sees to.
 */
export class ClimateExpectation implements Expectation {
  readonly #document: ExpectationDocument;
  /** By which stations are there. */
  readonly #inverses: Map<
    string,
    { readonly precision: Float64Array; readonly curvature: Float64Array; readonly logDeterminant: number }
  > = new Map();

  constructor(document: ExpectationDocument) {
    this.#document = document;
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what is no expectation, or one of another twin. */
  static parse(
    value: JsonValue,
    own: Pick<ExpectationDocument, "emulator" | "stations" | "offsets">,
  ): ClimateExpectation {
    const checked = checkSchema(ExpectationSchema, value);
    if (checked.problems) {
      const [first] = checked.problems;
      throw new InvalidArgumentError(
        `This is no expectation of a climate: ${first?.path.join(".") || "it"}: ${first?.message}`,
      );
    }
    const found = checked.value;
    const fits =
      found.emulator === own.emulator &&
      found.stations === own.stations &&
      found.offsets === own.offsets &&
      found.response.length === own.stations * own.offsets &&
      found.covariance.length === own.stations ** 2 &&
      found.correction.length === own.stations;
    if (!fits)
      throw new InvalidArgumentError("This expectation is one of another emulator, other stations or other modes.");
    return new ClimateExpectation(found);
  }

  scores(features: Features, conditions: Float64Array): Float64Array {
    const { offsets, stations, response } = this.#document;
    const scores = new Float64Array(features.count * (offsets + 1));
    this.#each(features, conditions, ({ pulled, distance, measured }, event) => {
      const spread = conditions[offsets] as number;
      const row = event * (offsets + 1);
      for (let k = 0; k < offsets; k++) {
        let sum = 0;
        for (let s = 0; s < stations; s++) sum += (response[s * offsets + k] as number) * (pulled[s] as number);
        scores[row + k] = sum / spread ** 2;
      }
      scores[row + offsets] = distance / spread ** 3 - measured / spread;
    });
    return scores;
  }

  information(features: Features, conditions: Float64Array): Float64Array {
    const { offsets } = this.#document;
    const size = offsets + 1;
    const information = new Float64Array(size * size);
    const spread = conditions[offsets] as number;
    this.#each(features, conditions, ({ curvature, measured }) => {
      for (let k = 0; k < offsets; k++) {
        for (let l = 0; l < offsets; l++) {
          const at = k * size + l;
          information[at] = (information[at] as number) + (curvature[k * offsets + l] as number) / spread ** 2;
        }
      }
      const last = size * size - 1;
      information[last] = (information[last] as number) + (2 * measured) / spread ** 2;
    });
    return information;
  }

  deviance(features: Features, conditions: Float64Array): Float64Array {
    const deviance = new Float64Array(features.count);
    const spread = conditions[this.#document.offsets] as number;
    this.#each(features, conditions, ({ distance, measured, logDeterminant }, event) => {
      deviance[event] = distance / spread ** 2 + 2 * measured * Math.log(spread) + logDeterminant;
    });
    return deviance;
  }

  toJSON(): JsonValue {
    return this.#document;
  }

  #each({ count, values }: Features, conditions: Float64Array, visit: (look: Look, event: number) => void): void {
    const { stations, offsets, response, correction } = this.#document;
    checkConditions(conditions, offsets + 1);
    if (values.length !== count * stations) {
      throw new InvalidArgumentError(
        `Features of this twin have ${stations} columns; ${count} events have ${values.length} values. Make them with features() of the same twin.`,
      );
    }
    const residual = new Float64Array(stations);
    for (let event = 0; event < count; event++) {
      const row = values.subarray(event * stations, (event + 1) * stations);
      let measured = 0;
      for (let s = 0; s < stations; s++) {
        const value = row[s] as number;
        let expected = correction[s] as number;
        for (let k = 0; k < offsets; k++) expected += (response[s * offsets + k] as number) * (conditions[k] as number);
        residual[s] = Number.isNaN(value) ? 0 : value - expected;
        if (!Number.isNaN(value)) measured++;
      }
      if (measured === 0) continue;
      const { precision, curvature, logDeterminant } = this.#inverseOf(row);
      const pulled = new Float64Array(stations);
      let distance = 0;
      for (let s = 0; s < stations; s++) {
        let sum = 0;
        for (let t = 0; t < stations; t++) sum += (precision[s * stations + t] as number) * (residual[t] as number);
        pulled[s] = sum;
        distance += sum * (residual[s] as number);
      }
      visit({ measured, pulled, distance, curvature, logDeterminant }, event);
    }
  }

  /** Inverse of the covariance of the stations that are there; 0 for the others. */
  #inverseOf(row: Float64Array) {
    const key = Array.from(row, (value) => (Number.isNaN(value) ? "0" : "1")).join("");
    let found = this.#inverses.get(key);
    if (!found) {
      const { stations, offsets, covariance, response } = this.#document;
      const there = Array.from(row.keys()).filter((s) => !Number.isNaN(row[s]));
      const part = Float64Array.from({ length: there.length ** 2 }, (_, at) => {
        const [i, j] = [there[Math.floor(at / there.length)] as number, there[at % there.length] as number];
        return covariance[i * stations + j] as number;
      });
      const precision = new Float64Array(stations * stations);
      let logDeterminant = 0;
      there.forEach((s, i) => {
        const column = solveSymmetric(part, new Float64Array(there.length).fill(0).with(i, 1)) as Float64Array;
        there.forEach((t, j) => {
          precision[t * stations + s] = column[j] as number;
        });
        // 1 / (P of the leading i + 1)_ii is what station i has left when those before it are known.
        const lead = Float64Array.from({ length: (i + 1) ** 2 }, (_, at) => {
          const [a, b] = [Math.floor(at / (i + 1)), at % (i + 1)];
          return part[a * there.length + b] as number;
        });
        const last = solveSymmetric(lead, new Float64Array(i + 1).with(i, 1)) as Float64Array;
        logDeterminant -= Math.log(last[i] as number);
      });
      const curvature = new Float64Array(offsets * offsets);
      for (let k = 0; k < offsets; k++) {
        for (let l = 0; l <= k; l++) {
          let sum = 0;
          for (const s of there) {
            for (const t of there) {
              sum +=
                (response[s * offsets + k] as number) *
                (precision[s * stations + t] as number) *
                (response[t * offsets + l] as number);
            }
          }
          curvature[k * offsets + l] = sum;
          curvature[l * offsets + k] = sum;
        }
      }
      if (this.#inverses.size >= 1000) this.#inverses.clear();
      found = { precision, curvature, logDeterminant };
      this.#inverses.set(key, found);
    }
    return found;
  }
}

/** @throws `TWIN_INVALID_ARGUMENT` */
export function checkConditions(conditions: Float64Array, count: number): void {
  if (conditions.length === count && conditions.every(Number.isFinite)) return;
  throw new InvalidArgumentError(
    `Conditions of this twin are ${count} finite numbers: offsets of ${count - 1} modes, and the spread; got [${Array.from(conditions).join(", ")}].`,
  );
}
