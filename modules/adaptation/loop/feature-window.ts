import { type Features, InvalidArgumentError } from "../../../core/index.ts";

/** A window as JSON: numbers as base64 of their bytes, little-endian. */
export interface FeatureWindowState {
  readonly count: number;
  /** `[event, feature]`, float64. */
  readonly values: string;
  /** `[event]`, int64. */
  readonly timesNs: string;
}

/** Features of the last events, gathered until there are enough. */
export class FeatureWindow implements Features {
  #values = new Float64Array(0);
  #timesNs = new BigInt64Array(0);
  #count = 0;

  static restore({ count, values, timesNs }: FeatureWindowState): FeatureWindow {
    const window = new FeatureWindow();
    const numbers = new Float64Array(bytesOf(values));
    const times = new BigInt64Array(bytesOf(timesNs));
    if (times.length !== count || (count > 0 ? numbers.length % count : numbers.length) !== 0) {
      throw new InvalidArgumentError(
        `A window of ${count} events has ${times.length} times and ${numbers.length} values.`,
      );
    }
    window.append({ count, values: numbers, timesNs: times });
    return window;
  }

  get count(): number {
    return this.#count;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#count * this.#columns);
  }

  get timesNs(): BigInt64Array {
    return this.#timesNs.subarray(0, this.#count);
  }

  get #columns(): number {
    return this.#timesNs.length === 0 ? 0 : this.#values.length / this.#timesNs.length;
  }

  append(features: Features): void {
    if (features.count === 0) return;
    const columns = features.values.length / features.count;
    const needed = this.#count + features.count;
    if (needed > this.#timesNs.length) {
      const room = Math.max(needed, 2 * this.#timesNs.length);
      const [values, times] = [new Float64Array(room * columns), new BigInt64Array(room)];
      values.set(this.values);
      times.set(this.timesNs);
      this.#values = values;
      this.#timesNs = times;
    }
    this.#values.set(features.values, this.#count * columns);
    this.#timesNs.set(features.timesNs, this.#count);
    this.#count = needed;
  }

  state(): FeatureWindowState {
    return { count: this.#count, values: base64Of(this.values), timesNs: base64Of(this.timesNs) };
  }
}

/** Events `from` to `to`, that one excluded; a view. */
export function sliceOf(features: Features, from: number, to: number): Features {
  const columns = features.count === 0 ? 0 : features.values.length / features.count;
  return {
    count: to - from,
    values: features.values.subarray(from * columns, to * columns),
    timesNs: features.timesNs.subarray(from, to),
  };
}

function base64Of({ buffer, byteOffset, byteLength }: Float64Array | BigInt64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

function bytesOf(base64: string): ArrayBuffer {
  const bytes = Buffer.from(base64, "base64");
  return Uint8Array.from(bytes.subarray(0, bytes.length - (bytes.length % 8))).buffer;
}
