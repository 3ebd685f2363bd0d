import type { DType } from "../data/dtype.ts";
import type { NdArray } from "../data/nd-array.ts";
import { type Token, token } from "./token.ts";

/**
 * A function of named arrays with fixed weights: a trained network, a formula. Free of field words: what its inputs and
 * outputs mean lives in whoever uses it (a `Generator` over it, a detector of anomalies).
 *
 * Equal inputs give equal outputs, bit by bit where {@link provider} is `"cpu"`; a model has no state and draws no random
 * numbers, so noise is an input. What a model states about itself holds from its creation on; only {@link provider} may
 * become another while its twin starts.
 */
export interface Model {
  /** Name of the model, for tables and run records: `"gan"`. */
  readonly name: string;
  /** Inputs by name, all of them needed. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /** Texts that the model's file carries about itself (ONNX: `metadata_props`), by key. */
  readonly metadata: Readonly<Record<string, string>>;
  /** `sha256:` and the digest of the model's file in lower-case hexadecimal; absent where there is no file. */
  readonly digest?: string | undefined;
  /** What computes it: `"cpu"`, `"cuda"`; and whether that is the second choice, with the reason. */
  readonly provider: ModelProvider;

  /**
   * Computes all outputs for one set of inputs. Calls may overlap; they are served in order. The inputs are read before
   * the call returns its promise, and are left as they are; any view will do. `checkModelInputs` is the check of inputs
   * that every model makes.
   *
   * @param inputs - One array per input, of its dtype and shape; axes of one name have one length. Names of axes and units
   *   do not matter. A free axis may have length 0: outputs are then empty along it.
   * @param options - `signal` ends the wait; what is being computed is finished and dropped.
   * @returns One array per output, its dimensions named as in {@link outputs} (an axis of fixed length: `dim_0`, `dim_1`,
   *   … by its place), in memory that is the caller's own.
   * @throws `TWIN_MODEL_INPUT` when an input is missing, unknown, or of another dtype or shape, before anything is
   *   computed; `TWIN_MODEL_FAILED` when the computation fails, or the model has stopped.
   */
  infer(
    inputs: Readonly<Record<string, NdArray>>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Readonly<Record<string, NdArray>>>;
}
export const Model: Token<Model> = token("model");

/** One input or output of a {@link Model}. */
export interface TensorSpec {
  readonly dtype: DType;
  /**
   * Length of each axis; a name where it is free, the same length wherever the name stands in the model's inputs and
   * outputs, and no name twice in one shape unless its lengths are equal: `["batch", 6480]`. A scalar has `[]`.
   */
  readonly shape: readonly (number | string)[];
}

/** What computes a {@link Model}. */
export interface ModelProvider {
  /** `"cpu"`, `"cuda"`, or as the runtime calls it. */
  readonly name: string;
  /** Why this is not the provider that was asked for. */
  readonly fallbackReason?: string | undefined;
}
