/**
 * Connectors with one fault each. The conformance suite must notice every one of them; see
 * `test/modules/memory/conformance-finds-faults.test.ts`.
 */
import {
  type Connector,
  type DataChunk,
  type Dataset,
  dataset,
  FileUnreadableError,
  NdArray,
  type OpenDataset,
  type Selection,
  type Variable,
} from "../../../core/index.ts";

interface Abortable {
  readonly signal?: AbortSignal;
}
type Faults = Partial<Connector>;

/** A fault, and a case that must notice it. */
export interface BrokenConnector {
  readonly fault: string;
  /** Name of a case that fails. */
  readonly noticedBy: string;
  /** Puts the fault into a working connector. */
  breaks(connector: Connector): Faults;
}

/** One per promise that is easily broken. */
export const brokenConnectors: readonly BrokenConnector[] = [
  {
    fault: "ignores the step of a range",
    noticedBy: "reads every second and every third element",
    breaks: (connector) => reading(connector, (read) => (selection) => read(withoutSteps(selection))),
  },
  {
    fault: "clips ranges that leave the dimension",
    noticedBy: "refuses selections that leave a dimension, and names the variable and the dimension",
    breaks: (connector) =>
      reading(connector, (read, variable) => (selection) => read(selection && clipped(selection, variable))),
  },
  {
    fault: "keeps a dimension that was selected by one index",
    noticedBy: "drops the dimensions selected by one index",
    breaks: (connector) =>
      reading(connector, (read) => async (selection) => {
        const array = await read(selection);
        const kept = Object.keys(selection ?? {}).filter((dim) => typeof selection?.[dim] === "number");
        const dims = [...kept, ...array.dims];
        return array.reshape([...kept.map(() => 1), ...array.shape], dims);
      }),
  },
  {
    fault: "gives values in column-major order",
    noticedBy: "reads whole variables",
    breaks: (connector) =>
      reading(connector, (read) => async (selection) => {
        const array = await read(selection);
        const turned = array.transpose([...array.dims].reverse()).contiguous();
        return turned.reshape(array.shape, array.dims);
      }),
  },
  {
    fault: "loses the unit",
    noticedBy: "reads whole variables",
    breaks: (connector) =>
      reading(connector, (read) => async (selection) => (await read(selection)).withUnit(undefined)),
  },
  {
    fault: "hands out one buffer for all reads",
    noticedBy: "gives arrays that do not change when others are read",
    breaks: (connector) => {
      const buffer = new ArrayBuffer(1 << 16);
      return reading(connector, (read) => async (selection) => {
        const array = await read(selection);
        if (!array.is("float32")) return array;
        const shared = new Float32Array(buffer, 0, array.size);
        shared.set(array.values());
        return new NdArray(shared, { dtype: "float32", shape: array.shape, dims: array.dims, unit: array.unit });
      });
    },
  },
  {
    fault: "gives the results of readMany in reverse",
    noticedBy: "readMany gives what as many reads give, in the order asked",
    breaks: (connector) =>
      opening(connector, (variable) => ({
        ...described(variable),
        read: (...asked) => variable.read(...asked),
        chunks: (...asked) => variable.chunks(...asked),
        readMany: async (selections, options) => [...(await variable.readMany(selections, options))].reverse(),
      })),
  },
  {
    fault: "leaves the last chunk out",
    noticedBy: "chunks cover every element once, and say where they lie",
    breaks: (connector) =>
      opening(connector, (variable) => ({
        ...described(variable),
        read: (...asked) => variable.read(...asked),
        readMany: (...asked) => variable.readMany(...asked),
        async *chunks(options?: Abortable): AsyncIterable<DataChunk> {
          let held: DataChunk | undefined;
          for await (const chunk of variable.chunks(options)) {
            if (held) yield held;
            held = chunk;
          }
        },
      })),
  },
  {
    fault: "ignores signals",
    noticedBy: "does nothing for a signal that is aborted already",
    breaks: (connector) => reading(connector, (read) => (selection) => read(selection)),
  },
  {
    fault: "rejects an aborted call with an error of its own",
    noticedBy: "does nothing for a signal that is aborted already",
    breaks: (connector) => ({
      open: (location, options) =>
        options?.signal?.aborted ? Promise.reject(new Error("aborted")) : connector.open(location, options),
    }),
  },
  {
    fault: "reads from a file after it was closed",
    noticedBy: "refuses to read after closing; closing twice is allowed",
    breaks: (connector) => ({
      open: async (location, options) => {
        const file = await connector.open(location, options);
        return { ...withoutClosing(file), close: async () => {}, [Symbol.asyncDispose]: async () => {} };
      },
    }),
  },
  {
    fault: "calls a missing file unreadable",
    noticedBy: "says that a file is not there",
    breaks: (connector) => ({
      open: (location, options) =>
        connector.open(location, options).catch((error: unknown) => {
          throw (error as { code?: string }).code === "TWIN_FILE_NOT_FOUND"
            ? new FileUnreadableError(location, "it is missing.")
            : error;
        }),
    }),
  },
  {
    fault: "throws errors without a code",
    noticedBy: "says that a file is not of its format, and holds nothing open",
    breaks: (connector) => ({
      open: (location, options) =>
        connector.open(location, options).catch((error: unknown) => {
          throw options?.signal?.aborted ? error : new Error((error as Error).message);
        }),
    }),
  },
  {
    fault: "recognises everything",
    noticedBy: "recognises its own file by its first bytes, and tells its format",
    breaks: () => ({ recognises: () => true }),
  },
  {
    fault: "leaves a file open",
    noticedBy: "holds nothing open after closing",
    breaks: (connector) => ({
      open: async (location, options) => {
        await connector.open(location, options);
        return connector.open(location, options);
      },
    }),
  },
  {
    fault: "drops attributes when it writes",
    noticedBy: "keeps variables, dimensions, coordinates, units, attributes and groups through writing and reading",
    breaks: (connector) => writing(connector, (source) => ({ ...source, attributes: {} })),
  },
  {
    fault: "drops groups when it writes",
    noticedBy: "writes what has the same content digest",
    breaks: (connector) => writing(connector, (source) => ({ ...source, groups: {} })),
  },
  {
    fault: "writes 64-bit integers as float64",
    noticedBy: "keeps int64 through writing and reading",
    breaks: (connector) => writing(connector, (source) => mapVariables(source, asFloat64)),
  },
  {
    fault: "overwrites files without being asked",
    noticedBy: "does not overwrite a file unless asked",
    breaks: (connector) => ({
      write: (location, source, options) => connector.write(location, source, { ...options, existing: "replace" }),
    }),
  },
  {
    fault: "leaves half a file when it is aborted",
    noticedBy: "leaves nothing when aborted in the middle of writing",
    breaks: (connector) => ({
      write: async (location, source, options) => {
        if (!options?.signal?.aborted && options?.existing !== "replace") {
          await connector.write(location, dataset({}), {}).catch(() => {});
        }
        await connector.write(location, source, { ...options, existing: "replace" });
      },
    }),
  },
];

/** A connector whose variables read in another way; `readMany` and `chunks` follow. */
function reading(
  connector: Connector,
  change: (
    read: (selection?: Selection) => Promise<NdArray>,
    variable: Variable,
  ) => (selection?: Selection) => Promise<NdArray>,
): Faults {
  return opening(connector, (variable) => {
    const read = change((selection) => variable.read(selection), variable);
    return {
      ...described(variable),
      read,
      chunks: (...asked) => variable.chunks(...asked),
      readMany: (selections) => Promise.all(selections.map((selection) => read(selection))),
    };
  });
}

/** A connector whose files have other variables. */
function opening(connector: Connector, change: (variable: Variable) => Variable): Faults {
  return {
    open: async (location, options) => {
      const file = await connector.open(location, options);
      const broken: OpenDataset = {
        ...mapVariables(file, change),
        format: file.format,
        location: file.location,
        close: () => file.close(),
        [Symbol.asyncDispose]: () => file.close(),
      };
      return broken;
    },
  };
}

function withoutClosing(file: OpenDataset): Omit<OpenDataset, "close" | typeof Symbol.asyncDispose> {
  return { ...mapVariables(file, (variable) => variable), format: file.format, location: file.location };
}

/** A connector that writes something else than it is given. */
function writing(connector: Connector, change: (source: Dataset) => Dataset | Promise<Dataset>): Faults {
  return {
    write: async (location, source, options) => connector.write(location, await change(source), options),
  };
}

/** A variable without its methods. */
function described({
  name,
  path,
  dtype,
  dims,
  shape,
  unit,
  attributes,
  storage,
}: Variable): Omit<Variable, "read" | "readMany" | "chunks"> {
  return { name, path, dtype, dims, shape, unit, attributes, storage };
}

function mapVariables(group: Dataset, change: (variable: Variable) => Variable): Dataset {
  const { name, dims, coordinates, attributes, variables, groups } = group;
  return {
    ...{ name, dims, coordinates, attributes },
    variables: Object.fromEntries(Object.entries(variables).map(([key, variable]) => [key, change(variable)])),
    groups: Object.fromEntries(Object.entries(groups).map(([key, child]) => [key, mapVariables(child, change)])),
  };
}

function withoutSteps(selection: Selection = {}): Selection {
  return Object.fromEntries(
    Object.entries(selection).map(([dim, wanted]) => {
      if (typeof wanted !== "object" || !("step" in wanted) || (wanted.step ?? 1) < 1) return [dim, wanted];
      const { step: _ignored, ...range } = wanted;
      return [dim, range];
    }),
  );
}

function clipped(selection: Selection, { dims, shape }: Variable): Selection {
  return Object.fromEntries(
    Object.entries(selection).map(([dim, wanted]) => {
      const length = shape[dims.indexOf(dim)] ?? 0;
      if (typeof wanted !== "object" || !("stop" in wanted) || wanted.stop === undefined) return [dim, wanted];
      return [dim, { ...wanted, stop: Math.min(wanted.stop, length) }];
    }),
  );
}

function asFloat64(variable: Variable): Variable {
  if (variable.dtype !== "int64") return variable;
  const read = async (selection?: Selection): Promise<NdArray> => {
    const array = await variable.read(selection);
    const values = Float64Array.from(array.values() as BigInt64Array, Number);
    return new NdArray(values, { dtype: "float64", shape: array.shape, dims: array.dims, unit: array.unit });
  };
  return {
    ...described(variable),
    dtype: "float64",
    read,
    readMany: (selections) => Promise.all(selections.map((selection) => read(selection))),
    async *chunks() {},
  };
}
