import { resolve } from "node:path";
import { z } from "zod";
import {
  Connector,
  type Dataset,
  type DatasetPart,
  datasetParts,
  ENGINE_VERSION,
  type FederatedDataset,
  federate,
  InvalidArgumentError,
  type ManyNeed,
  many,
  type OpenDataset,
  type Selection,
  Source,
  selectRegion,
  standsForMany,
} from "../../../core/index.ts";
import { Climate } from "../contracts.ts";

const end = z.union([z.number(), z.string()]);

/** Parameters of every task here: what is computed from. */
export const DATA_PARAMETERS = {
  files: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(
      "Files, folders or patterns that are one dataset, in place of the input data; in a batch as absolute paths. The record tells what was read of which file.",
    ),
  along: z
    .string()
    .min(1)
    .optional()
    .describe("Dimension along which several files follow each other; time, where they have it, by default."),
  merge: z.boolean().default(false).describe("Several files have different variables on the same coordinates."),
  select: z
    .record(
      z.string(),
      z.union([
        z.int(),
        z.strictObject({ start: z.int().optional(), stop: z.int().optional(), step: z.int().min(1).optional() }),
        z.strictObject({ from: end, to: end }),
        z.strictObject({ value: end, tolerance: z.number().min(0).optional() }),
      ]),
    )
    .default({})
    .describe('Part of a dimension: { "lat": { "from": 36, "to": 66 }, "time": { "from": "1961", "to": "1990" } }.'),
  memoryMb: z.int().min(16).max(65_536).default(256).describe("Memory for the data that are computed from, MB."),
} as const;

/** Inputs of every task here. */
export const DATA_INPUTS = {
  data: { description: "A file of any format that the twin reads.", optional: true },
} as const;

/** Needs of every task here. */
export const DATA_NEEDS: {
  readonly climate: typeof Climate;
  readonly connectors: ManyNeed<Connector>;
  readonly sources: ManyNeed<Source>;
} = { climate: Climate, connectors: many(Connector), sources: many(Source) };

/** When a period has no value. */
export const missingSchema: z.ZodType<"any" | "skip" | "wmo" | { readonly percent: number }> = z.union(
  [z.enum(["any", "skip", "wmo"]), z.strictObject({ percent: z.number().min(0).max(100) })],
  { error: 'It must be "any", "skip", "wmo", or { percent } from 0 to 100.' },
);

/** What {@link withTaskData} needs of a task's context. */
export interface DataContext {
  readonly parameters: z.output<z.ZodObject<typeof DATA_PARAMETERS>>;
  readonly needs: { readonly connectors: readonly Connector[]; readonly sources: readonly Source[] };
  readonly inputs: { readonly data: string | undefined };
  readonly signal: AbortSignal;
  recordReads(dataset: OpenDataset): OpenDataset;
}

/**
 * Opens what a task computes from, and closes it.
 *
 * @throws `TWIN_INVALID_ARGUMENT` where data are not given once; what opening and joining throw.
 */
export async function withTaskData<T>(context: DataContext, work: (dataset: Dataset) => Promise<T>): Promise<T> {
  const { parameters, inputs, signal } = context;
  const { files, select } = parameters;
  if ((files === undefined) === (inputs.data === undefined)) {
    throw new InvalidArgumentError(
      `Give the data once: the input "data", one file, or the parameter "files"; got ${files === undefined ? "neither" : "both"}.`,
    );
  }
  const given = inputs.data === undefined ? files : inputs.data;
  const opened = await openData(typeof given === "string" ? [given] : (given ?? []), context);
  try {
    // An input is sealed by its digest; of other files, the record tells what was read.
    const dataset = inputs.data === undefined ? context.recordReads(opened) : opened;
    const isWhole = Object.keys(select).length === 0;
    return await work(isWhole ? dataset : await selectRegion(dataset, { selection: select as Selection, signal }));
  } finally {
    await opened.close();
  }
}

async function openData(given: readonly string[], context: DataContext): Promise<OpenDataset> {
  const { parameters, needs, signal } = context;
  const locations = given.map((location) =>
    /^[a-z][a-z0-9+.-]+:/i.test(location) ? location : `${resolve(location)}${/[\\/]$/.test(location) ? "/" : ""}`,
  );
  const parts = await datasetParts(locations, needs.connectors, { sources: needs.sources, signal });
  const [only] = parts;
  if (only && parts.length === 1 && !locations.some(standsForMany)) return await only.open({ signal });
  return await joined(parts, parameters, signal);
}

async function joined(
  parts: readonly DatasetPart[],
  { along, merge }: DataContext["parameters"],
  signal: AbortSignal,
): Promise<FederatedDataset> {
  if (merge) return await federate({ parts, signal });
  return await federate({ parts, along: along ?? (await timeOf(parts[0], signal)), signal });
}

/** `time`, or else the dimension of the first file that may grow. */
async function timeOf(part: DatasetPart | undefined, signal: AbortSignal): Promise<string | undefined> {
  if (!part) return undefined;
  const dataset = await part.open({ signal });
  try {
    if (Object.hasOwn(dataset.dims, "time")) return "time";
    return Object.entries(dataset.dims).find(([, { unlimited }]) => unlimited)?.[0];
  } finally {
    await dataset.close();
  }
}

/** Writes a result as NetCDF-4. @throws `TWIN_INVALID_ARGUMENT` where the twin has nothing that writes it; what writing throws. */
export async function writeNetcdf(
  path: string,
  result: Dataset,
  { needs, signal }: Pick<DataContext, "needs" | "signal">,
): Promise<void> {
  const writer = needs.connectors.find(
    ({ formats, extensions }) => formats.includes("netcdf") || extensions.includes(".nc"),
  );
  if (!writer) {
    throw new InvalidArgumentError(
      "Results are written as NetCDF, and no plugin of this twin writes it. Add netcdf() and hdf5().",
    );
  }
  const attributes = { ...result.attributes, twinloom: ENGINE_VERSION };
  await writer.write(path, { ...result, attributes }, { signal, existing: "replace" });
}
