import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Adaptable,
  createTwin,
  type Features,
  NdArray,
  type RandomStream,
  type StreamEvent,
} from "../../../../core/index.ts";
import { fastsim, shippedModel } from "../../../../modules/fastsim/index.ts";
import { hdf5 } from "../../../../modules/hdf5/index.ts";
import { onnx } from "../../../../modules/onnx/index.ts";
import { adaptableDetector, calorimeter, type Showers } from "../../../../thematic/detector/index.ts";

/** Folder of the reference showers; they are too large for the repository and lie beside it. */
export const FOLDER: string =
  process.env["TWINLOOM_SHOWERS"] ?? fileURLToPath(new URL("../../../../../shared/data/showers", import.meta.url));
const FIRST_SHARE = 2;
const LAYERS = 30;
export const COLUMNS: number = FIRST_SHARE + LAYERS;
const CELLS_PER_LAYER = 144;

/** The shipped GAN as the twin; features of full simulation and of its own showers. */
export interface GanTwin extends AsyncDisposable {
  readonly adaptable: Adaptable;
  /** Of the first showers of a file in {@link FOLDER}. */
  simulated(name: string, count: number): Promise<Features>;
  /** Of showers of the GAN itself with these energies, MeV. */
  generated(energyMeV: Float64Array, seed: number): Promise<Features>;
}

export async function ganTwin(templateShowers: number): Promise<GanTwin> {
  const twin = await createTwin({
    plugins: {
      files: hdf5(),
      network: onnx({ file: shippedModel("gan") }),
      gan: fastsim(),
      adaptable: adaptableDetector({ templateShowers }),
      ecal: calorimeter(),
    },
  });
  const { adaptable, ecal, files } = twin;
  return {
    adaptable,
    simulated: async (name, count) => {
      await using file = await files.open(join(FOLDER, name));
      // The file stays open until they are read.
      return await featuresOf(adaptable, await ecal.showers(file), count);
    },
    generated: async (energyMeV, seed) =>
      featuresOf(adaptable, await ecal.simulate({ energyMeV, seed }), energyMeV.length),
    [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose](),
  };
}

/** Of showers one batch after the other, so that no more than a batch of cells is in memory. */
export async function featuresOf(adaptable: Adaptable, showers: Showers, count: number): Promise<Features> {
  const values = new Float64Array(count * COLUMNS);
  for await (const { start, count: size, energies } of showers.batches({ stop: count, batchSize: 500 })) {
    const cells = energies.values() as Float32Array;
    const events = Array.from({ length: size }, (_, row) =>
      eventOf(cells.subarray(row * 6480, (row + 1) * 6480), showers.energyMeV[start + row] as number, start + row),
    );
    values.set(adaptable.features(events).values, start * COLUMNS);
  }
  return { count, values, timesNs: new BigInt64Array(count) };
}

/** An event with these cells, MeV. */
export function eventOf(cells: Float32Array, energyMeV: number, number: number): StreamEvent {
  const id = BigInt(number);
  return {
    ...{ source: "showers", sequence: id, id, run: "", timeNs: id },
    conditions: { incident_energy: energyMeV },
    tensors: { shower: new NdArray(cells, { dtype: "float32", shape: [45, 16, 9] }) },
  };
}

/** The features of the same events with the gains of some layers changed: a share is a sum of cells, so it is exact. */
export function gained(
  { count, values, timesNs }: Features,
  factor: number,
  isGained: (layer: number) => boolean,
): Features {
  const other = values.map((value, i) => {
    const layer = (i % COLUMNS) - FIRST_SHARE;
    return layer >= 0 && isGained(layer) ? factor * value : value;
  });
  return { count, values: other, timesNs };
}

/** The same cells with the gain of one layer changed. */
export function withGain(cells: Float32Array, layer: number, factor: number): Float32Array {
  return cells.map((energy, cell) => (Math.floor(cell / CELLS_PER_LAYER) === layer ? factor * energy : energy));
}

/** Numbers of events, drawn with replacement. */
export function drawn(random: RandomStream, from: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => Math.floor(random.uniform() * from));
}

/** Those events. */
export function taken({ values }: Features, events: Float64Array): Features {
  const rows = new Float64Array(events.length * COLUMNS);
  for (const [i, event] of events.entries()) {
    rows.set(values.subarray(event * COLUMNS, (event + 1) * COLUMNS), i * COLUMNS);
  }
  return { count: events.length, values: rows, timesNs: new BigInt64Array(events.length) };
}
