import { rowMajorBlockShape } from "../../data/chunk-grid.ts";
import type { Attributes, DataChunk, Variable } from "../../data/dataset.ts";
import type { DType } from "../../data/dtype.ts";
import { variableAttributes } from "../../data/federate/agree.ts";
import {
  FederatedVariable,
  type FederatedVariableInit,
  type PartReader,
} from "../../data/federate/federated-variable.ts";
import type { PartPool, PartState } from "../../data/federate/part-pool.ts";
import { commonForm, converterTo, type PartVariable, type ValueForm } from "../../data/federate/reconcile.ts";
import { integerForm, isIntegerType } from "../../data/integer-type.ts";
import { allocate } from "../../data/layout.ts";
import { NdArray } from "../../data/nd-array.ts";
import type { IndexRange, Selection } from "../../data/selection.ts";
import { findVariable } from "../../data/tree.ts";
import type { HeldValues } from "./held-values.ts";
import type { JoinedVariable } from "./joined-layout.ts";
import { TASK_RUN } from "./run-columns.ts";

/** Bytes of a chunk in the file that is written. */
const CHUNK_BYTES = 1e6;
/** As netCDF fills (`NC_FILL_INT64`, `NC_FILL_UINT64`): there is no larger type that could hold a value of its own for missing. */
const FILL_64 = { int64: -9_223_372_036_854_775_806n, uint64: 18_446_744_073_709_551_614n } as const;

/** Where the values of runs are. */
export interface RunValues {
  readonly pool: PartPool;
  readonly states: readonly (PartState | undefined)[];
  readonly held: HeldValues;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A variable of many runs, read from their files when it is asked for. */
export class GatheredVariable extends FederatedVariable {
  readonly #onChunk: (bytes: number) => void;

  constructor(init: FederatedVariableInit, onChunk: (bytes: number) => void) {
    super(init);
    this.#onChunk = onChunk;
  }

  override async *chunks(options: Abortable = {}): AsyncIterable<DataChunk> {
    for await (const chunk of super.chunks(options)) {
      yield chunk;
      this.#onChunk(chunk.array.size);
    }
  }
}

/** Makes the variable that a layout says. @throws `TWIN_PARTS_DISAGREE` */
export function joinedVariable(
  joined: JoinedVariable,
  values: RunValues,
  about: {
    readonly attributes: Attributes;
    coordinateOf(dim: string): Variable | undefined;
    onChunk(elements: number): void;
  },
): Variable {
  const { from, path, dims, shape, how, runs } = joined;
  const kinds = from.kinds as [PartVariable, ...PartVariable[]];
  const common = commonForm(kinds, { calendars: "refuse" });
  const form = joined.hasMissing ? fillable(common) : common;
  const readers = kinds.map((kind) => ({ kind, convert: converterTo(form, kind) }));
  const reader = (run: number): PartReader | undefined => {
    const own = readers[from.kindOf[run] as number];
    if (!own) return form.dtype === "string" ? emptyTexts(dims) : undefined;
    const read = readRun(run, { kind: own.kind, length: from.lengths[run] as number }, values);
    if (how === "ragged") return { dims: own.kind.facts.ownDims, readMany: read, convert: own.convert };
    return {
      dims: [TASK_RUN, ...own.kind.facts.ownDims.map(inner)],
      readMany: async (selections, options) => (await read(selections.map(withoutRun), options)).map(asOneRun),
      convert: own.convert,
    };
  };
  const axes = shape.slice(1).map((count) => [{ start: 0, count, part: 0, from: 0, step: 1 } as const]);
  const [{ facts }] = kinds;
  return new GatheredVariable(
    {
      name: path.slice(path.lastIndexOf("/") + 1),
      path,
      dtype: form.dtype,
      dims,
      shape,
      unit: facts.unit === undefined ? undefined : form.scale.unit,
      fillValue: form.fillValue,
      attributes: { ...variableAttributes(kinds, form), ...about.attributes },
      storage: { filters: [], chunkShape: rowMajorBlockShape({ shape, dtype: form.dtype }, CHUNK_BYTES) },
      origin: { runs: [runs, ...axes], partAxis: 0, part: 0, reader },
      coordinateOf: about.coordinateOf,
      checkComplete: async () => undefined,
    },
    about.onChunk,
  );
}

/** A form with a value for missing that no value can be: integers that have none become the next larger type. */
function fillable(form: ValueForm): ValueForm {
  const { dtype, fillValue } = form;
  if (fillValue !== undefined) return form;
  if (dtype === "bool") return { ...form, dtype: "int8", fillValue: -1 };
  if (dtype === "int64" || dtype === "uint64") return { ...form, fillValue: FILL_64[dtype] };
  if (!isIntegerType(dtype)) return form;
  const bits = integerForm(dtype).bits * 2;
  const lowest = -(2n ** BigInt(bits - 1));
  return { ...form, dtype: `int${bits}` as DType, fillValue: bits === 64 ? lowest : Number(lowest) };
}

function readRun(
  run: number,
  { kind: { facts }, length }: { readonly kind: PartVariable; readonly length: number },
  { pool, states, held }: RunValues,
): (selections: readonly Selection[], options: Abortable) => Promise<readonly NdArray[]> {
  return async (selections, { signal }) => {
    const array = held.get(facts, run, length);
    // By ranges of indices alone: whoever asks has resolved them.
    if (array) return selections.map((each) => array.slice(each as Readonly<Record<string, IndexRange>>));
    return await pool.use(
      states[run] as PartState,
      async (dataset) => await findVariable(dataset, facts.ownPath).readMany(selections, { signal }),
      { signal },
    );
  };
}

/** A run's own axis of the name of the new one, in selections. */
const INNER = `${TASK_RUN} of the file`;

function inner(dim: string): string {
  return dim === TASK_RUN ? INNER : dim;
}

function withoutRun(selection: Selection): Selection {
  return Object.fromEntries(
    Object.entries(selection).flatMap(([dim, wanted]) => {
      if (dim === TASK_RUN) return [];
      return [[dim === INNER ? TASK_RUN : dim, wanted]];
    }),
  );
}

function asOneRun(array: NdArray): NdArray {
  return array.reshape([1, ...array.shape], [TASK_RUN, ...array.dims.map(inner)]);
}

/** Texts have no value that stands for missing; the state of the run says it. */
function emptyTexts(dims: readonly string[]): PartReader {
  return {
    dims,
    convert: undefined,
    readMany: async (selections) =>
      selections.map((selection) => {
        const shape = dims.map((dim) => {
          const { start = 0, stop = 0, step = 1 } = selection[dim] as IndexRange;
          return Math.ceil((stop - start) / step);
        });
        const size = shape.reduce((product, length) => product * length, 1);
        return new NdArray(allocate("string", size), { dtype: "string", shape, dims });
      }),
  };
}
