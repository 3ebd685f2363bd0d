import {
  checkGenerateRequest,
  digestJson,
  type GeneratedBatch,
  type GenerateRequest,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  NdArray,
  RandomStream,
  seedOf,
  type ValidityRange,
} from "../../../core/index.ts";
import { type ClimateEmulator, type ClimateShift, PURPOSE } from "./emulator.ts";
import { propagate } from "./linear-inverse-model.ts";

const DEFAULT_BATCH = 64;
/** A year without a leap day in no calendar: trajectories begin in it. */
const REFERENCE_YEAR = 2001;

/**
 * Trajectories of a field: an event is one, of so many steps, from a state that the climate may be in on a day of the year. Condition
 * `start_day`, the day of the year; output `field`, `[event, step, …]`, float32, in the unit of the field, NaN where the field is always
 * missing.
 */
export class ClimateGenerator implements Generator {
  readonly model: string;
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  readonly #emulator: ClimateEmulator;
  readonly #steps: number;
  readonly #shift: () => ClimateShift;

  constructor(emulator: ClimateEmulator, options: { readonly steps: number; readonly shift: () => ClimateShift }) {
    this.#emulator = emulator;
    this.#steps = options.steps;
    this.#shift = options.shift;
    const { data, grid } = emulator.document;
    this.model = `linear inverse model of ${data.variable}`;
    this.validity = { start_day: { unit: "day", min: 1, max: emulator.days.longestYear } };
    this.outputs = {
      field: { dtype: "float32", dims: ["step", ...grid.dims], shape: [options.steps, ...grid.shape], unit: data.unit },
    };
  }

  get facts(): GeneratorFacts {
    const { digest, document } = this.#emulator;
    const { offsets, spread } = this.#shift();
    const shift = { offsets: Array.from(offsets), spread };
    const { variable, calendar, stepDays, years } = document.data;
    return {
      ...{ digest, shift, identity: digestJson({ digest, shift, steps: this.#steps }) },
      data: { variable, calendar, stepDays, years: [...years] },
    };
  }

  async *generate(
    request: GenerateRequest,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<GeneratedBatch> {
    checkGenerateRequest(this, request);
    signal?.throwIfAborted();
    const { eventIds, batchSize = DEFAULT_BATCH } = request;
    const startDays = request.conditions["start_day"] as Float64Array;
    const shift = this.#shift();
    const { shape, dims, unit } = this.outputs["field"] as GeneratorOutput;
    const size = shape.reduce((product, length) => product * length, 1);
    const random = new RandomStream({ seed: 0n, id: 0n, purpose: PURPOSE.trajectory });
    for (let start = 0; start < eventIds.length; start += batchSize) {
      signal?.throwIfAborted();
      const count = Math.min(batchSize, eventIds.length - start);
      const values = new Float32Array(count * size).fill(Number.NaN);
      for (let i = 0; i < count; i++) {
        random.restart(eventIds[start + i] as bigint, seedOf(request, start + i));
        this.#trajectory(values.subarray(i * size, (i + 1) * size), {
          ...{ random, shift, startDay: startDays[start + i] as number },
        });
      }
      const field = new NdArray(values, {
        ...{ dtype: "float32", shape: [count, ...shape], dims: ["event", ...dims] },
        ...(unit !== undefined && { unit }),
      });
      yield { start, count, arrays: { field } };
    }
  }

  #trajectory(
    target: Float32Array,
    {
      random,
      startDay,
      shift,
    }: { readonly random: RandomStream; readonly startDay: number; readonly shift: ClimateShift },
  ): void {
    const emulator = this.#emulator;
    const { places } = emulator.document.grid;
    const { days, stepDays, modes, residual } = emulator;
    const year = days.longestYear > 365 ? 2000 : REFERENCE_YEAR;
    const newYear = days.time.encode({ year, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 });
    const first = Math.floor((newYear + startDay - 1) / stepDays);
    const normals = new Float64Array(modes);
    let state = new Float64Array(modes);
    const cells = target.length / this.#steps;
    for (let step = 0; step < this.#steps; step++) {
      random.fillNormal(normals);
      state = propagate(
        emulator.over(step === 0 ? Number.POSITIVE_INFINITY : 1),
        state,
        normals,
      ) as Float64Array<ArrayBuffer>;
      const departure = emulator.departure(state);
      for (let p = 0; p < departure.length; p++) {
        departure[p] = (departure[p] as number) + (residual[p] as number) * random.normal();
      }
      emulator.field(departure, first + step, shift).forEach((value, p) => {
        target[step * cells + (places[p] as number)] = value;
      });
    }
  }
}
