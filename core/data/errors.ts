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
