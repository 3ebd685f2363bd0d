import { describeNames } from "../errors/nearest-names.ts";
import { TwinError } from "../errors/twin-error.ts";

/** Shape, dims, strides, indices and data of an array do not fit each other. */
export class InvalidArrayError extends TwinError {
  override readonly name = "InvalidArrayError";
  override readonly code = "TWIN_INVALID_ARRAY";
}

/** A 64-bit integer has no exact float64. */
export class UnsafeIntegerError extends TwinError {
  override readonly name = "UnsafeIntegerError";
  override readonly code = "TWIN_UNSAFE_INTEGER";
  readonly value: bigint;

  constructor(value: bigint, index: number) {
    super(
      `Element ${index} is ${value}, which no float64 holds exactly (beyond ±(2^53 - 1)). Work on the BigInt values (\`array.data\`).`,
    );
    this.value = value;
  }
}

/** A selection names an unknown dimension, leaves its range, or asks for a coordinate value that is not there. */
export class InvalidSelectionError extends TwinError {
  override readonly name = "InvalidSelectionError";
  override readonly code = "TWIN_INVALID_SELECTION";
  /** Path of the variable. */
  readonly variable: string;
  readonly dimension: string;

  constructor(
    where: { readonly variable: string; readonly dimension: string },
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot select from "${where.variable}": ${problem}`, options);
    this.variable = where.variable;
    this.dimension = where.dimension;
  }
}

/** Variables and groups of a dataset made in memory do not fit each other: two lengths of one dimension, a bad name. */
export class InvalidDatasetError extends TwinError {
  override readonly name = "InvalidDatasetError";
  override readonly code = "TWIN_INVALID_DATASET";
}

/** A dataset has no variable of this path. */
export class VariableNotFoundError extends TwinError {
  override readonly name = "VariableNotFoundError";
  override readonly code = "TWIN_VARIABLE_NOT_FOUND";
  readonly path: string;
  /** Paths that there are. */
  readonly available: readonly string[];

  constructor(path: string, available: readonly string[], hint?: string) {
    // Spelt as the caller does, with or without the first slash: it is no letter that was mistaken.
    const shown = path.startsWith("/") ? available : available.map((each) => each.replace(/^\//, ""));
    super(`No variable "${path}". ${hint ?? describeNames(path, shown)}`);
    this.path = path;
    this.available = available;
  }
}
