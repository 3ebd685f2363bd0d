import {
  type Dataset,
  type DatasetInit,
  type DatasetPart,
  dataset,
  NdArray,
  type OpenDataset,
  type Selection,
} from "../../../../core/index.ts";

/** A part in memory that counts what is done to it, and can be away. */
export interface TestPart extends DatasetPart {
  opened: number;
  open: (options: { readonly signal?: AbortSignal | undefined }) => Promise<OpenDataset>;
  /** Open now. */
  isOpen: number;
  reads: { readonly variable: string; readonly selection: Selection }[];
  isAway: boolean;
  /** What the next reads wait for. */
  delays: Promise<void>[];
  version: string;
}

/** What all parts of a test share. */
export interface Traffic {
  open: number;
  mostOpen: number;
}

export function testPart(name: string, init: DatasetInit, traffic: Traffic = { open: 0, mostOpen: 0 }): TestPart {
  const content: Dataset = dataset(init);
  const part: TestPart = {
    name,
    opened: 0,
    isOpen: 0,
    reads: [],
    isAway: false,
    delays: [],
    version: "1",
    async open({ signal }) {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      if (part.isAway) throw new Error(`"${name}" does not answer.`);
      part.opened++;
      part.isOpen++;
      traffic.open++;
      traffic.mostOpen = Math.max(traffic.mostOpen, traffic.open);
      let isClosed = false;
      const check = (): void => {
        if (isClosed) throw new Error(`"${name}" was read after it was closed.`);
        if (part.isAway) throw new Error(`"${name}" does not answer.`);
      };
      const close = async (): Promise<void> => {
        if (isClosed) return;
        isClosed = true;
        part.isOpen--;
        traffic.open--;
      };
      const variables = Object.entries(content.variables).map(([key, variable]) => {
        const readMany = async (selections: readonly Selection[]): Promise<readonly NdArray[]> => {
          check();
          for (const selection of selections) part.reads.push({ variable: key, selection });
          await (part.delays.shift() ?? new Promise(setImmediate));
          return await variable.readMany(selections);
        };
        const { name: own, path, dtype, dims, shape, unit, fillValue, attributes, storage } = variable;
        return [
          key,
          {
            ...{ name: own, path, dtype, dims, shape, unit, fillValue, attributes, storage, readMany },
            read: async (selection: Selection = {}) => (await readMany([selection]))[0] as NdArray,
            chunks: variable.chunks.bind(variable),
          },
        ] as const;
      });
      return {
        ...content,
        variables: Object.fromEntries(variables),
        format: "test",
        location: `test:${name}`,
        version: part.version,
        close,
        [Symbol.asyncDispose]: close,
      };
    },
  };
  return part;
}

export function floats(values: readonly number[], dim: string, unit?: string): NdArray<"float64"> {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [dim], unit });
}

/** A field of time and latitude whose values tell where they are from: 100 times the time, plus the place. */
export function field(times: readonly number[], unit: string, value = (time: number, lat: number) => 100 * time + lat) {
  return new NdArray(Float64Array.from(times.flatMap((time) => [0, 1, 2].map((lat) => value(time, lat)))), {
    dtype: "float64",
    shape: [times.length, 3],
    dims: ["time", "lat"],
    unit,
  });
}

/** Temperatures of three latitudes at times, days since 2000. */
export function temperatures(times: readonly number[], extra: DatasetInit["variables"] = {}): DatasetInit {
  return {
    variables: {
      time: floats(times, "time", "days since 2000-01-01"),
      lat: floats([10, 20, 30], "lat", "degrees_north"),
      tas: field(times, "K"),
      ...extra,
    },
  };
}
