import {
  type Attributes,
  type DataChunk,
  type Dataset,
  type Dimension,
  FileClosedError,
  type NdArray,
  type OpenDataset,
  type Selection,
  type Variable,
} from "../../core/index.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A file in memory while it is open. */
export class OpenMemoryFile implements OpenDataset {
  readonly format = "memory";
  readonly name = "";
  readonly location: string;
  readonly dims: Readonly<Record<string, Dimension>>;
  readonly variables: Readonly<Record<string, Variable>>;
  readonly coordinates: readonly string[];
  readonly attributes: Attributes;
  readonly groups: Readonly<Record<string, Dataset>>;
  readonly #onClose: () => void;
  #isOpen: boolean = true;

  constructor(location: string, file: Dataset, onClose: () => void) {
    const guarded = guard(file, () => {
      if (!this.#isOpen) throw new FileClosedError(location);
    });
    this.location = location;
    this.dims = guarded.dims;
    this.variables = guarded.variables;
    this.coordinates = guarded.coordinates;
    this.attributes = guarded.attributes;
    this.groups = guarded.groups;
    this.#onClose = onClose;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onClose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The dataset with variables that check first. */
function guard(group: Dataset, check: () => void): Dataset {
  return {
    ...group,
    variables: mapValues(group.variables, (variable) => guardVariable(variable, check)),
    groups: mapValues(group.groups, (child) => guard(child, check)),
  };
}

function guardVariable(variable: Variable, check: () => void): Variable {
  const { name, path, dtype, dims, shape, unit, attributes, storage } = variable;
  return {
    ...{ name, path, dtype, dims, shape, unit, attributes, storage },
    async read(selection?: Selection, options?: Abortable): Promise<NdArray> {
      check();
      return variable.read(selection, options);
    },
    async readMany(selections: readonly Selection[], options?: Abortable): Promise<readonly NdArray[]> {
      check();
      return variable.readMany(selections, options);
    },
    async *chunks(options?: Abortable): AsyncIterable<DataChunk> {
      check();
      for await (const chunk of variable.chunks(options)) {
        yield chunk;
        check();
      }
    },
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
