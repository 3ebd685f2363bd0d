import {
  type AttributeValue,
  encodeHalves,
  type HdfDataset,
  type HdfEditor,
  NdArray,
  type WorkerClient,
  WriteFailedError,
} from "../../core/index.ts";
import { columnsOf } from "./columns.ts";
import { dtypeOf } from "./decode.ts";
import { codedFailure } from "./failures.ts";
import type { FileKey, RawAttributeValue, WorkerRequest } from "./worker/protocol.ts";
import { scalarArray } from "./write/encode-attribute.ts";

/** A file being changed, through the worker. */
export class HdfFileEditor implements HdfEditor {
  readonly #client: WorkerClient<WorkerRequest>;
  readonly #key: FileKey;
  readonly #location: string;
  readonly #signal: AbortSignal | undefined;
  readonly #datasets: Map<string, HdfDataset>;
  #generation: number | undefined;

  constructor(
    client: WorkerClient<WorkerRequest>,
    key: FileKey,
    file: {
      readonly location: string;
      readonly datasets: ReadonlyMap<string, HdfDataset>;
      readonly signal: AbortSignal | undefined;
    },
  ) {
    this.#client = client;
    this.#key = key;
    this.#location = file.location;
    this.#signal = file.signal;
    this.#datasets = new Map(file.datasets);
  }

  async resize(path: string, shape: readonly number[]): Promise<void> {
    const dataset = this.#dataset(path);
    const fits = shape.every((length, axis) => {
      return (
        Number.isSafeInteger(length) && length >= 0 && length <= (dataset.maxShape[axis] ?? Number.MAX_SAFE_INTEGER)
      );
    });
    if (dataset.chunkShape === undefined || shape.length !== dataset.shape?.length || !fits) {
      const most = dataset.maxShape.map((length) => length ?? "unlimited").join(", ");
      this.#refuse(path, `it cannot be resized to [${shape}]; only chunked datasets can, this one up to [${most}].`);
    }
    await this.#run({ op: "resize", file: this.#key, path, shape });
    this.#datasets.set(path, { ...dataset, shape });
  }

  async write(path: string, values: NdArray, start: readonly number[] = values.shape.map(() => 0)): Promise<void> {
    const dataset = this.#dataset(path);
    this.#checkValues(dataset, values, start);
    if (values.size === 0) return;
    const data = values.values() as Exclude<NdArray["data"], string[]>;
    const stored = values.dtype === "float16" ? encodeHalves(data as Float32Array) : data;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    const slab = { start, count: values.shape, step: values.shape.map(() => 1) };
    await this.#run({ op: "write", file: this.#key, path, slab, bytes });
  }

  async setAttribute(
    path: string,
    name: string,
    value: AttributeValue,
    options: { readonly existing?: "refuse" | "replace" } = {},
  ): Promise<void> {
    const array = value instanceof NdArray ? value : scalarArray(name, value, this.#dtype(this.#datasets.get(path)));
    const raw = this.#rawAttribute(`${path}@${name}`, array);
    const replace = options.existing === "replace";
    await this.#run({ op: "setAttribute", file: this.#key, path, name, value: raw, replace });
  }

  async createGroup(path: string): Promise<void> {
    await this.#run({ op: "createGroup", file: this.#key, path });
  }

  /** Opens the copy for writing. */
  async open(): Promise<void> {
    this.#generation = this.#client.generation;
    await this.#run({ op: "editOpen", file: this.#key });
    this.#generation = this.#client.generation;
  }

  /** Closes the copy; what HDF5 still holds is written now. */
  async close(): Promise<void> {
    await this.#run({ op: "close", file: this.#key });
  }

  async #run(request: WorkerRequest): Promise<void> {
    // A new worker does not have the changes that the old one had not yet written.
    if (this.#generation !== this.#client.generation) {
      this.#refuse("/", "HDF5 crashed while the file was being changed; the changes are lost.");
    }
    try {
      await this.#client.run(request, { signal: this.#signal });
    } catch (error) {
      throw codedFailure(error, { what: "write", location: this.#location });
    }
  }

  #dataset(path: string): HdfDataset {
    const dataset = this.#datasets.get(path);
    if (dataset === undefined) this.#refuse(path, "there is no such dataset.");
    return dataset;
  }

  #dtype(dataset: HdfDataset | undefined): NdArray["dtype"] | undefined {
    const [only] = dataset ? columnsOf(dataset.type) : [];
    return only && dtypeOf(only.leaf);
  }

  #checkValues(dataset: HdfDataset, values: NdArray, start: readonly number[]): void {
    const { path, shape = [], type } = dataset;
    const isNumber = type.class === "integer" || type.class === "float" || type.class === "enum";
    if (!isNumber || this.#dtype(dataset) !== values.dtype || (type.class === "enum" && type.size > 1)) {
      this.#refuse(path, `values of ${values.dtype} cannot be written into stored type ${type.class} in place.`);
    }
    const fits = shape.every((length, axis) => {
      const from = start[axis] as number;
      return Number.isSafeInteger(from) && from >= 0 && from + (values.shape[axis] as number) <= length;
    });
    if (values.shape.length !== shape.length || start.length !== shape.length || !fits) {
      this.#refuse(
        path,
        `values of shape [${values.shape}] at [${start}] leave its shape [${shape}]; resize it first.`,
      );
    }
  }

  #rawAttribute(path: string, array: NdArray): RawAttributeValue {
    const { dtype, shape } = array;
    const values = array.values();
    if (Array.isArray(values)) return { kind: "strings", strings: values, shape };
    if (dtype === "float16" || dtype === "bool") {
      this.#refuse(path, `an attribute of ${dtype} cannot be added to an existing file; give it another dtype.`);
    }
    return {
      kind: "numbers",
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      type: dtype.startsWith("float") ? "float" : "integer",
      size: values.BYTES_PER_ELEMENT,
      signed: dtype.startsWith("int"),
      shape,
    };
  }

  #refuse(path: string, problem: string): never {
    throw new WriteFailedError(this.#location, `"${path}": ${problem}`);
  }
}
