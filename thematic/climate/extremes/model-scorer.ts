import {
  describeNames,
  describeTensor,
  InvalidArgumentError,
  type Model,
  ModelFailedError,
  NdArray,
  type TensorSpec,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import type { AnomalyScorer } from "./scorer.ts";

/** What {@link modelScorer} takes. */
export interface ModelScorerOptions {
  /** Names of the tensors, where the model has several. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  /** Unit of the fields that the model was trained with, before `offset` and `scale`. */
  readonly unit?: string | undefined;
  /** What the model sees is (field - offset) / scale; numbers, or one per cell. 0 and 1 by default. */
  readonly offset?: number | ArrayLike<number> | undefined;
  readonly scale?: number | ArrayLike<number> | undefined;
  /** `[cell]`, weights of the squared errors of a reconstruction; cells of weight 0 do not count, and may be missing. Equal by default. */
  readonly weights?: ArrayLike<number> | undefined;
  /** What the model sees where a cell of weight 0 is missing; 0 by default. */
  readonly fill?: number | undefined;
  /** Fields in one call; 64 by default. A model of fixed batch length gets that, the last one filled up. */
  readonly batch?: number | undefined;
}

/**
 * A scorer by a model such as an ONNX file: a variational autoencoder, as interTwin's xtclim trains. Accepted are
 *
 * - input: `[batch, lat, lon]`, `[batch, 1, lat, lon]` or `[batch, cell]`, float32 or float64. Four axes are always taken to have
 *   a channel in second place, which must be 1 (or free);
 * - output: of the input's axes, a reconstruction, whose score is the mean squared error in the model's own numbers; or
 *   `[batch]` or `[batch, 1]`, the score itself.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for names that are none, a choice that is not made, or tensors of other axes.
 */
export function modelScorer(model: Model, options: ModelScorerOptions = {}): AnomalyScorer {
  const input = choose(model, "input", options.input);
  const output = choose(model, "output", options.output);
  const { offset = 0, scale = 1, weights, fill = 0, unit } = options;
  const [batchAxis] = input.spec.shape;
  const batch = typeof batchAxis === "number" ? batchAxis : (options.batch ?? 64);
  const isReconstruction = checkShapes(model, input, output);
  if (!Number.isInteger(batch) || batch < 1) throw new InvalidArgumentError(`\`batch\` is 1 or more; got ${batch}.`);
  checkNumbers(offset, scale, weights);
  const at = (value: number | ArrayLike<number>, c: number): number =>
    typeof value === "number" ? value : (value[c] as number);

  const squares = async (fields: NdArray, from: number, signal: AbortSignal | undefined) => {
    const [count = 0, ...lengths] = fields.shape;
    const shape = modelShape(model, input, {
      batch: typeof batchAxis === "number" ? batch : Math.min(batch, count - from),
      lengths,
    });
    const cells = lengths.reduce((all, length) => all * length, 1);
    checkCells(cells, { offset, scale, weights });
    const values = fields.toFloat64();
    const seen = new Float64Array((shape[0] as number) * cells);
    const fits = Math.min(shape[0] as number, count - from);
    const isMissing = new Uint8Array(fits);
    for (let i = 0; i < (shape[0] as number); i++) {
      // A batch of fixed length is filled up with its last field.
      const place = (from + Math.min(i, fits - 1)) * cells;
      for (let c = 0; c < cells; c++) {
        const value = values[place + c] as number;
        const number = (value - at(offset, c)) / at(scale, c);
        if (Number.isNaN(number) && i < fits && (weights?.[c] ?? 1) > 0) isMissing[i] = 1;
        seen[i * cells + c] = Number.isNaN(number) ? fill : number;
      }
    }
    const tensor =
      input.spec.dtype === "float32"
        ? new NdArray(Float32Array.from(seen), { dtype: "float32", shape })
        : new NdArray(seen, { dtype: "float64", shape });
    const outputs = await model.infer({ [input.name]: tensor }, { signal });
    const results = (outputs[output.name] as NdArray).toFloat64();
    const expected = (shape[0] as number) * (isReconstruction ? cells : 1);
    if (results.length !== expected) {
      throw new ModelFailedError(
        model.name,
        `it gave ${results.length} numbers as "${output.name}" for ${shape[0]} fields of ${cells} cells; a scorer needs ${expected}. Export it with an output that has a length for each of the fields.`,
      );
    }
    return { results, seen, cells, fits, isMissing };
  };
  const squareOf = (
    { results, seen }: { results: Float64Array; seen: Float64Array },
    place: number,
    c: number,
  ): number => {
    const weight = weights?.[c] ?? 1;
    return weight === 0 ? 0 : weight * ((results[place] as number) - (seen[place] as number)) ** 2;
  };

  return {
    ...{ name: model.name, unit },
    score: async (fields, { signal } = {}) => {
      const count = fields.shape[0] ?? 0;
      const scores = new Float64Array(count);
      for (let from = 0; from < count; ) {
        signal?.throwIfAborted();
        const part = await squares(fields, from, signal);
        const { results, cells, fits, isMissing } = part;
        const total = weights ? Array.from(weights).reduce((sum, weight) => sum + weight, 0) : cells;
        for (let i = 0; i < fits; i++) {
          let score = results[i] as number;
          if (isReconstruction) {
            score = 0;
            for (let c = 0; c < cells; c++) score += squareOf(part, i * cells + c, c);
            score /= total;
          }
          scores[from + i] = isMissing[i] ? Number.NaN : score;
        }
        from += fits;
      }
      return scores;
    },
    cellScores: async (field, { signal } = {}) => {
      if (!isReconstruction) return undefined;
      const part = await squares(field, 0, signal);
      return Float64Array.from({ length: part.cells }, (_, c) => squareOf(part, c, c));
    },
  };
}

interface Tensor {
  readonly name: string;
  readonly spec: TensorSpec;
}

function choose(model: Model, kind: "input" | "output", name: string | undefined): Tensor {
  const tensors = kind === "input" ? model.inputs : model.outputs;
  const names = Object.keys(tensors);
  if (kind === "input" && names.length !== 1) {
    throw new InvalidArgumentError(
      `A scorer gives a model fields and nothing else; "${model.name}" needs ${names.join(", ") || "no input"}. Export it with one input.`,
    );
  }
  const chosen = name ?? (names.length === 1 ? (names[0] as string) : undefined);
  if (chosen === undefined) {
    throw new InvalidArgumentError(
      `"${model.name}" has the outputs ${names.join(", ")}. Say which one tells the score: \`output\`.`,
    );
  }
  const spec = Object.hasOwn(tensors, chosen) ? tensors[chosen] : undefined;
  if (!spec)
    throw new InvalidArgumentError(`"${model.name}" has no ${kind} "${chosen}". ${describeNames(chosen, names)}`);
  if (spec.dtype === "float32" || spec.dtype === "float64") return { name: chosen, spec };
  throw new InvalidArgumentError(
    `The ${kind} "${chosen}" of "${model.name}" is ${describeTensor(spec)}; a scorer takes float32 or float64.`,
  );
}

/** Whether the output is a reconstruction. */
function checkShapes(model: Model, input: Tensor, output: Tensor): boolean {
  const [shape, result] = [input.spec.shape, output.spec.shape];
  const hasChannel = shape.length !== 4 || shape[1] === 1 || typeof shape[1] === "string";
  if (shape.length < 2 || shape.length > 4 || !hasChannel) {
    throw new InvalidArgumentError(
      `The input "${input.name}" of "${model.name}" is ${describeTensor(input.spec)}; a scorer takes [batch, lat, lon], [batch, 1, lat, lon] or [batch, cell].`,
    );
  }
  const isScore = result.length === 1 || (result.length === 2 && result[1] === 1);
  const fits = (a: number | string, b: number | string | undefined): boolean =>
    typeof a !== "number" || typeof b !== "number" || a === b;
  if (fits(shape[0] as number | string, result[0])) {
    if (result.length === shape.length && shape.every((length, axis) => fits(length, result[axis]))) {
      // One cell reconstructed, or a score: alike only where the input has one cell.
      return true;
    }
    if (isScore) return false;
  }
  throw new InvalidArgumentError(
    `The output "${output.name}" of "${model.name}" is ${describeTensor(output.spec)}, neither a reconstruction of ${describeTensor(input.spec)} nor a score, [batch] or [batch, 1].`,
  );
}

/** Shape of the input for fields of some lengths. */
function modelShape(
  model: Model,
  { name, spec }: Tensor,
  { batch, lengths }: { readonly batch: number; readonly lengths: readonly number[] },
): readonly number[] {
  const axes = spec.shape.slice(1);
  const cells = lengths.reduce((all, length) => all * length, 1);
  const wanted = axes.length === 1 ? [cells] : axes.length === 3 && lengths.length === 2 ? [1, ...lengths] : lengths;
  if (
    wanted.length === axes.length &&
    axes.every((length, axis) => typeof length === "string" || length === wanted[axis])
  ) {
    return [batch, ...wanted];
  }
  throw new ClimateInputError(
    `"${model.name}" takes ${describeTensor(spec)} as "${name}"; fields of ${lengths.join(" x ")} do not fit. Cut or regrid them to what the model was trained with.`,
  );
}

/** What makes every score infinite, or less than 0. */
function checkNumbers(
  offset: number | ArrayLike<number>,
  scale: number | ArrayLike<number>,
  weights: ArrayLike<number> = [],
): void {
  const all = (value: number | ArrayLike<number>): number[] =>
    typeof value === "number" ? [value] : Array.from(value);
  if (!all(offset).every(Number.isFinite) || !all(scale).every((value) => Number.isFinite(value) && value !== 0)) {
    throw new InvalidArgumentError(
      "`offset` and `scale` are finite numbers, and no scale is 0: the model sees (field - offset) / scale.",
    );
  }
  if (weights.length === 0) return;
  const isRight = all(weights).every((weight) => weight >= 0 && weight < Number.POSITIVE_INFINITY);
  if (isRight && all(weights).some((weight) => weight > 0)) return;
  throw new InvalidArgumentError("`weights` are numbers of 0 or more, one of them above 0.");
}

function checkCells(
  cells: number,
  given: {
    readonly offset: number | ArrayLike<number>;
    readonly scale: number | ArrayLike<number>;
    readonly weights: ArrayLike<number> | undefined;
  },
): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || typeof value === "number" || value.length === cells) continue;
    throw new InvalidArgumentError(
      `\`${name}\` has ${value.length} numbers, and a field ${cells} cells. Give one per cell.`,
    );
  }
}
