import {
  type Attributes,
  type AxisSelection,
  allocate,
  bytesPerElement,
  type DataChunk,
  type DType,
  NdArray,
  resolveSelection,
  type Selection,
  type Storage,
  selectedLayout,
  type Variable,
} from "../../core/index.ts";
import type { BasketReader } from "./basket-reader.ts";
import type { DecodedBasket } from "./worker/protocol.ts";

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** What a {@link BasketVariable} is made of. */
export interface BasketVariableInit {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  /** Of rows, and of the fixed axes. */
  readonly dims: readonly string[];
  /** Lengths of the fixed axes. */
  readonly rowShape: readonly number[];
  readonly attributes: Attributes;
  readonly reader: BasketReader;
  /** First row of each basket, and the number of rows; an error where they cannot be told. */
  readonly starts: Float64Array | { readonly failure: unknown };
  /** Which part of a basket has the rows. */
  readonly part: keyof DecodedBasket;
}

/** Bytes of the blocks in which values are iterated over: whole baskets, as many as fit. */
const BLOCK_BYTES = 4e6;

/** A variable whose rows lie in the baskets of a branch. */
export class BasketVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #init: BasketVariableInit;
  readonly #starts: Float64Array;
  /** Values of a row. */
  readonly #width: number;

  constructor(init: BasketVariableInit) {
    this.#init = init;
    this.#starts = init.starts instanceof Float64Array ? init.starts : new Float64Array(1);
    this.#width = init.rowShape.reduce((product, length) => product * length, 1);
    this.name = init.name;
    this.path = init.path;
    this.dtype = init.dtype;
    this.dims = init.dims;
    this.shape = [this.#starts.at(-1) as number, ...init.rowShape];
    this.attributes = init.attributes;
    const { compression, storedBytes, typeName } = init.reader.column;
    this.storage = {
      filters: compression === undefined ? [] : [compression],
      storedBytes,
      typeNote: init.part === "values" ? typeName : `number of elements of ${typeName}`,
    };
  }

  async read(selection: Selection = {}, options: Options = {}): Promise<NdArray> {
    const [array] = await this.readMany([selection], options);
    return array as NdArray;
  }

  async readMany(selections: readonly Selection[], options: Options = {}): Promise<readonly NdArray[]> {
    options.signal?.throwIfAborted();
    const resolved: (readonly AxisSelection[])[] = [];
    for (const selection of selections) resolved.push(await resolveSelection(this, selection, async () => undefined));
    if (!(this.#init.starts instanceof Float64Array)) throw this.#init.starts.failure;
    this.#init.reader.check();
    const arrays: NdArray[] = [];
    for (const axes of resolved) arrays.push(await this.#array(axes, options));
    return arrays;
  }

  async *chunks(options: Options = {}): AsyncGenerator<DataChunk> {
    this.#init.reader.check();
    const [dim = ""] = this.dims;
    const rowBytes = this.#width * bytesPerElement(this.dtype);
    const rows = this.shape[0] as number;
    for (let basket = 0, start = 0; start < rows; ) {
      options.signal?.throwIfAborted();
      do basket++;
      while (
        basket < this.#starts.length - 1 &&
        ((this.#starts[basket + 1] as number) - start) * rowBytes <= BLOCK_BYTES
      );
      const stop = this.#starts[basket] as number;
      if (stop === start) continue;
      const fixed = this.#init.rowShape.map(
        (length, axis) => [this.dims[axis + 1], { start: 0, stop: length }] as const,
      );
      const selection = Object.fromEntries([[dim, { start, stop }], ...fixed]);
      yield { selection, array: await this.read({ [dim]: { start, stop } }, options) };
      start = stop;
    }
  }

  async #array([rows, ...fixed]: readonly AxisSelection[], options: Options): Promise<NdArray> {
    const { dtype } = this;
    const wanted = rows as AxisSelection;
    const data = await this.#rows(wanted, options);
    const dims = this.dims;
    const whole = new NdArray(data, { dtype, shape: [wanted.count, ...this.#init.rowShape], dims });
    const rest = fixed.map(({ dim, start, step, count, drop }) => {
      const first = count === 0 ? 0 : start;
      return [
        dim,
        drop ? start : { start: first, stop: count === 0 ? 0 : start + (count - 1) * step + 1, step },
      ] as const;
    });
    const selected = whole.slice({ ...Object.fromEntries(rest), ...(wanted.drop && { [wanted.dim]: 0 }) });
    return selected.contiguous().withDims(selectedLayout([wanted, ...fixed]).dims);
  }

  /** Rows `start`, `start + step`, …: reads the baskets that hold them, and no others. */
  async #rows({ start, step, count }: AxisSelection, options: Options): Promise<NdArray["data"]> {
    const starts = this.#starts;
    const width = this.#width;
    const numbers: number[] = [];
    const last = start + (count - 1) * step;
    if (count > 0) {
      for (let basket = 0; basket < starts.length - 1; basket++) {
        const [from, to] = [starts[basket] as number, starts[basket + 1] as number];
        const first = start + Math.max(0, Math.ceil((from - start) / step)) * step;
        if (first < to && first <= last) numbers.push(basket);
      }
    }
    let whole: NdArray["data"] | undefined;
    for await (const [basket, decoded] of this.#init.reader.read(numbers, options)) {
      const from = starts[basket] as number;
      const rows = (starts[basket + 1] as number) - from;
      const values = (decoded[this.#init.part] ?? []) as NdArray["data"];
      if (values.length !== rows * width) {
        this.#init.reader.fail(`basket ${basket} has ${values.length} values, and should have ${rows * width}`);
      }
      if (step === 1 && count === rows && numbers.length === 1) return copyOf(values);
      whole ??= allocate(this.dtype, count * width);
      const index = Math.max(0, Math.ceil((from - start) / step));
      const end = Math.min(from + rows, last + 1);
      copyRows({ values, first: start + index * step - from, end: end - from, step, width }, whole, index * width);
    }
    return whole ?? allocate(this.dtype, count * width);
  }
}

/** What is handed out may be changed by whoever gets it; what was decoded is kept. */
function copyOf(values: NdArray["data"]): NdArray["data"] {
  return values.slice() as NdArray["data"];
}

function copyRows(
  rows: {
    readonly values: NdArray["data"];
    readonly first: number;
    readonly end: number;
    readonly step: number;
    readonly width: number;
  },
  target: NdArray["data"],
  at: number,
): void {
  const { values, first, end, step, width } = rows;
  // All typed arrays, and lists, are copied alike.
  const from = values as unknown as number[];
  const to = target as unknown as number[];
  if (step === 1 && !Array.isArray(values)) {
    (target as Float64Array).set((values as Float64Array).subarray(first * width, end * width), at);
    return;
  }
  for (let row = first, next = at; row < end; row += step) {
    for (let k = 0; k < width; k++) to[next++] = from[row * width + k] as number;
  }
}
