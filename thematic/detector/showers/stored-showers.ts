import { type Attributes, type Dataset, NdArray, type Variable } from "../../../core/index.ts";
import type { BatchOptions, DatasetOptions, ShowerBatch, Showers } from "../contracts.ts";
import { ShowersInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { batchRanges } from "./batch-ranges.ts";
import { BY_FALLBACK } from "./fallback-flags.ts";
import { showerDataset } from "./shower-dataset.ts";

const LAYOUT = "CaloChallenge's layout has incident_energies (N, 1) and showers (N, voxels), MeV";

/** Showers of a dataset in CaloChallenge's layout. See {@link Calorimeter.showers}. */
export async function readShowers(
  dataset: Dataset,
  geometry: CalorimeterGeometry,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Showers> {
  const energies = numericVariable(dataset, "incident_energies");
  const voxels = numericVariable(dataset, "showers");
  const count = energies.shape[0] ?? 0;
  const width = geometry.shape.reduce((product, length) => product * length, 1);
  const energiesFit = energies.shape.length === 1 || (energies.shape.length === 2 && energies.shape[1] === 1);
  if (!energiesFit || voxels.shape.length !== 2 || voxels.shape[0] !== count || voxels.shape[1] !== width) {
    throw new ShowersInvalidError(
      `incident_energies of "${labelOf(dataset.attributes)}" has shape [${energies.shape}] and showers [${voxels.shape}]; geometry "${geometry.name}" needs [N, 1] and [N, ${width}] (${geometry.shape.join(" x ")} voxels).`,
    );
  }
  const energyMeV = (await energies.read({}, options)).toFloat64();
  const bad = energyMeV.findIndex((energy) => !(energy > 0 && energy < Number.POSITIVE_INFINITY));
  if (bad >= 0) {
    throw new ShowersInvalidError(
      `Incident energy ${bad} of "${labelOf(dataset.attributes)}" is ${energyMeV[bad]} MeV; it must be above 0 and finite.`,
    );
  }
  const flags = dataset.variables[BY_FALLBACK];
  const isFlagged = flags?.dtype === "uint8" && flags.shape.length === 1 && flags.shape[0] === count;
  const { attributes } = dataset;
  return new StoredShowers({ voxels, energyMeV, geometry, attributes, flags: isFlagged ? flags : undefined });
}

class StoredShowers implements Showers {
  readonly count: number;
  readonly energyMeV: Float64Array;
  readonly label: string;
  readonly geometry: CalorimeterGeometry;
  readonly attributes: Attributes;
  readonly fallback: string | undefined;
  readonly #voxels: Variable;
  readonly #flags: Variable | undefined;

  constructor(from: {
    readonly voxels: Variable;
    readonly energyMeV: Float64Array;
    readonly geometry: CalorimeterGeometry;
    readonly attributes: Attributes;
    readonly flags: Variable | undefined;
  }) {
    this.#voxels = from.voxels;
    this.#flags = from.flags;
    const { fallback_model } = from.attributes;
    this.fallback = from.flags && typeof fallback_model === "string" ? fallback_model : undefined;
    this.energyMeV = from.energyMeV;
    this.count = from.energyMeV.length;
    this.geometry = from.geometry;
    this.attributes = from.attributes;
    this.label = labelOf(from.attributes);
  }

  async *batches(options: BatchOptions = {}): AsyncGenerator<ShowerBatch> {
    const { signal } = options;
    const [eventDim] = this.#voxels.dims as [string];
    for (const { start, stop } of batchRanges(this.count, options)) {
      signal?.throwIfAborted();
      const read = await this.#voxels.read({ [eventDim]: { start, stop } }, signal ? { signal } : {});
      const values = read.values();
      const data = values instanceof Float32Array ? values : Float32Array.from(read.toFloat64());
      this.#check(data, start);
      const energies = new NdArray(data, {
        dtype: "float32",
        shape: [stop - start, ...this.geometry.shape],
        dims: ["event", "layer", "alpha", "r"],
        unit: "MeV",
      });
      const byFallback = await this.#flagsOf(start, stop, options);
      yield { start, count: stop - start, energies, ...(byFallback && { byFallback }) };
    }
  }

  toDataset(options?: DatasetOptions): Dataset {
    return showerDataset(this, options);
  }

  async #flagsOf(start: number, stop: number, { signal }: BatchOptions): Promise<Uint8Array | undefined> {
    if (this.#flags === undefined) return undefined;
    const read = await this.#flags.read({ [this.#flags.dims[0] as string]: { start, stop } }, signal ? { signal } : {});
    const flags = read.values() as Uint8Array;
    return flags.includes(1) ? flags : undefined;
  }

  #check(data: Float32Array, start: number): void {
    const width = this.#voxels.shape[1] as number;
    for (let i = 0; i < data.length; i++) {
      const energy = data[i] as number;
      if (energy >= 0 && energy < Number.POSITIVE_INFINITY) continue;
      throw new ShowersInvalidError(
        `Shower ${start + Math.floor(i / width)}, voxel ${i % width} of "${this.label}" is ${energy} MeV; energies must be finite and 0 or more.`,
      );
    }
  }
}

function numericVariable(dataset: Dataset, name: string): Variable {
  const variable = dataset.variables[name];
  if (!variable) {
    const there = Object.keys(dataset.variables).join(", ") || "nothing";
    throw new ShowersInvalidError(`No variable "${name}"; the dataset has ${there}. ${LAYOUT}.`);
  }
  if (variable.dtype === "string" || variable.dtype === "bool") {
    throw new ShowersInvalidError(`Variable "${name}" is of dtype ${variable.dtype}, not numbers. ${LAYOUT}.`);
  }
  if (variable.unit !== undefined && variable.unit !== "MeV") {
    throw new ShowersInvalidError(`Variable "${name}" is in ${variable.unit}, not MeV. Convert it first.`);
  }
  return variable;
}

/** The model we wrote, or the program's name from a sentence like "EGSnrc v2025a (…), full Monte Carlo". */
function labelOf(attributes: Attributes): string {
  const { model, generator } = attributes;
  if (typeof model === "string" && model !== "") return model;
  if (typeof generator === "string" && generator !== "") return generator.split(/[\s,;(]/)[0] as string;
  return "showers";
}
