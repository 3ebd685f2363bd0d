import {
  type Attributes,
  type AxisSelection,
  type DataChunk,
  type Dataset,
  dataset,
  NdArray,
  resolveSelection,
  type Selection,
  type Storage,
  type Variable,
} from "../../../core/index.ts";
import type { DatasetOptions, Showers } from "../contracts.ts";
import { FallbackFlags } from "./fallback-flags.ts";

const CHUNK_SHOWERS = 100;

/**
 * Showers as a dataset in CaloChallenge's layout, with named dimensions and units: `incident_energies` `[event,
 * particle]` (one particle) and `showers` `[event, voxel]`, voxel = (layer · alphas + alpha) · rings + r. Both in MeV.
 * `by_fallback` `[event]` comes after the showers, because only those tell it.
 */
export function showerDataset(showers: Showers, options: DatasetOptions = {}): Dataset {
  const energies = new NdArray(showers.energyMeV, {
    dtype: "float64",
    shape: [showers.count, 1],
    dims: ["event", "particle"],
    unit: "MeV",
  });
  const { geometry } = showers;
  const [layers, alphas, rings] = geometry.shape;
  const inMemory = dataset({
    variables: { incident_energies: { array: energies, attributes: { long_name: "kinetic energy of the electron" } } },
    attributes: {
      ...showers.attributes,
      format: `CaloChallenge layout: voxel index = layer*${alphas * rings} + alpha*${rings} + r`,
      geometry: geometry.name,
      num_layers: integer(layers),
      num_alpha: integer(alphas),
      num_r: integer(rings),
      r_edges_mm: new NdArray(geometry.rEdgesMm, { dtype: "float64", shape: [rings + 1] }),
      layer_dz_mm: geometry.layerMm,
      sampling_fraction: geometry.samplingFraction,
      readout_threshold_mev: geometry.thresholdMeV,
      units_energy: "MeV",
      units_length: "mm",
    },
  });
  const flags = showers.fallback === undefined ? undefined : new FallbackFlags(showers);
  const variable = new ShowerVariable(showers, options, flags);
  return {
    ...inMemory,
    dims: { ...inMemory.dims, voxel: { length: variable.shape[1] as number, unlimited: false } },
    variables: { ...inMemory.variables, showers: variable, ...(flags && { [flags.name]: flags }) },
  };
}

/** An attribute that readers see as an integer; a plain number would be stored as float64. */
function integer(value: number): NdArray {
  return new NdArray(Int32Array.of(value), { dtype: "int32", shape: [] });
}

/** The voxels of {@link Showers} as a variable that makes its values when they are read. */
class ShowerVariable implements Variable {
  readonly name = "showers";
  readonly path = "/showers";
  readonly dtype = "float32";
  readonly dims: readonly string[] = ["event", "voxel"];
  readonly shape: readonly number[];
  readonly unit = "MeV";
  readonly attributes: Attributes = {
    units: "MeV",
    long_name: "energy in the active layers divided by the sampling fraction",
  };
  readonly storage: Storage;
  readonly #showers: Showers;
  readonly #options: DatasetOptions;
  readonly #flags: FallbackFlags | undefined;

  constructor(showers: Showers, options: DatasetOptions, flags: FallbackFlags | undefined) {
    const voxels = showers.geometry.shape.reduce((product, length) => product * length, 1);
    this.#showers = showers;
    this.#options = options;
    this.#flags = flags;
    this.shape = [showers.count, voxels];
    this.storage = { filters: [], chunkShape: [Math.max(1, Math.min(CHUNK_SHOWERS, showers.count)), voxels] };
  }

  async read(selection: Selection = {}, options: { readonly signal?: AbortSignal } = {}): Promise<NdArray> {
    const axes = await resolveSelection(this, selection, async () => undefined);
    const [events, voxels] = axes as [AxisSelection, AxisSelection];
    const span = events.count === 0 ? 0 : (events.count - 1) * events.step + 1;
    const width = this.shape[1] as number;
    const data = new Float32Array(events.count * voxels.count);
    let written = 0;
    const range = { start: events.start, stop: events.start + span, batchSize: CHUNK_SHOWERS };
    for await (const batch of this.#showers.batches({ ...range, ...options })) {
      this.#flags?.note(batch);
      const values = batch.energies.values();
      for (let i = 0; i < batch.count; i++) {
        if ((batch.start + i - events.start) % events.step !== 0) continue;
        for (let k = 0, from = i * width + voxels.start; k < voxels.count; k++, from += voxels.step) {
          data[written++] = values[from] as number;
        }
      }
      this.#options.progress?.(batch.start + batch.count);
    }
    const kept = [events, voxels].filter((axis) => !axis.drop);
    return new NdArray(data, {
      dtype: "float32",
      shape: kept.map((axis) => axis.count),
      dims: kept.map((axis) => axis.dim),
      unit: this.unit,
    });
  }

  async readMany(
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly NdArray[]> {
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<DataChunk> {
    const width = this.shape[1] as number;
    for await (const batch of this.#showers.batches({
      batchSize: this.#options.batchSize ?? CHUNK_SHOWERS,
      ...options,
    })) {
      this.#flags?.note(batch);
      const { start, count, energies } = batch;
      yield {
        selection: { event: { start, stop: start + count }, voxel: { start: 0, stop: width } },
        array: energies.reshape([count, width], ["event", "voxel"]),
      };
      this.#options.progress?.(start + count);
    }
  }
}
