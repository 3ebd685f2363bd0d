import { EventInvalidError, type EventTensor, type Features, nonZero, type StreamEvent } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { MAX_KELVIN } from "./detector-conditions.ts";
import type { EnergyBasis } from "./energy-basis.ts";
import { MarkedCounters } from "./marked-counters.ts";
import { ReadingBins } from "./reading-bins.ts";

/** Columns of a row: incident energy, MeV; temperature, °C, `NaN` where it is missing; then the layers' shares of the energy. */
export const ENERGY = 0;
export const TEMPERATURE = 1;
export const FIRST_SHARE = 2;

/** What is read of events. */
export interface LayerFeaturesOptions {
  readonly geometry: CalorimeterGeometry;
  /** Layers that are looked at, from the front. */
  readonly layers: number;
  /** Of the energies that the twin covers. */
  readonly basis: EnergyBasis;
  readonly referenceTemperatureC: number;
}

/** See `Adaptable.features`; a layer with a cell that is not finite is `NaN`. Cells that read something are marked, and bins of small readings. */
export function layerFeatures(events: readonly StreamEvent[], options: LayerFeaturesOptions): Features {
  const { geometry, layers } = options;
  const columns = FIRST_SHARE + layers;
  const values = new Float64Array(events.length * columns);
  const timesNs = new BigInt64Array(events.length);
  const width = geometry.shape[1] * geometry.shape[2];
  const firstBin = geometry.shape[0] * width;
  const marks = new MarkedCounters(events.length, { bins: new ReadingBins(geometry), firstBin });
  events.forEach((event, index) => {
    const row = index * columns;
    const energy = energyOf(event, options);
    const { places, elements } = nonZero(showerOf(event, geometry));
    const energies = elements as Float32Array | Float64Array;
    marks.add(places, energies);
    timesNs[index] = event.timeNs;
    values[row + ENERGY] = energy;
    values[row + TEMPERATURE] = temperatureOf(event, options);
    const hits = places.length;
    for (let layer = 0, hit = 0; layer < layers; layer++) {
      const stop = (layer + 1) * width;
      let sum = 0;
      for (; hit < hits && (places[hit] as number) < stop; hit++) sum += energies[hit] as number;
      values[row + FIRST_SHARE + layer] = Number.isFinite(sum) ? sum / energy : Number.NaN;
    }
  });
  return { count: events.length, values, timesNs, marks: marks.all };
}

function showerOf(event: StreamEvent, { name, shape }: CalorimeterGeometry): EventTensor {
  const { shower } = event.tensors;
  const [layers, alphas, rings] = shape;
  const found = shower?.shape;
  if (
    (shower?.dtype === "float32" || shower?.dtype === "float64") &&
    found?.length === 3 &&
    found[0] === layers &&
    found[1] === alphas &&
    found[2] === rings
  ) {
    return shower;
  }
  const problem = shower ? `is ${shower.dtype} [${found}]` : `is missing; there are ${listOf(event.tensors)}`;
  throw invalid(event, "tensors.shower", `${problem}; geometry "${name}" has float32 [${shape.join(", ")}], MeV`);
}

function energyOf(event: StreamEvent, { basis }: LayerFeaturesOptions): number {
  const { incident_energy: energy = Number.NaN } = event.conditions;
  if (energy >= basis.minMeV && energy <= basis.maxMeV) return energy;
  const isMissing = !Object.hasOwn(event.conditions, "incident_energy");
  const problem = isMissing ? `is missing; there are ${listOf(event.conditions)}` : `is ${energy} MeV`;
  throw invalid(
    event,
    "conditions.incident_energy",
    `${problem}; the twin covers ${basis.minMeV} to ${basis.maxMeV} MeV`,
  );
}

function temperatureOf(event: StreamEvent, { referenceTemperatureC }: LayerFeaturesOptions): number {
  const { temperature = Number.NaN } = event.conditions;
  if (!(Math.abs(temperature - referenceTemperatureC) > MAX_KELVIN)) return temperature;
  const range = `${referenceTemperatureC - MAX_KELVIN} to ${referenceTemperatureC + MAX_KELVIN} °C`;
  throw invalid(
    event,
    "conditions.temperature",
    `is ${temperature} °C; the twin covers ${range}; leave it out where it is not known`,
  );
}

function invalid({ source, sequence, id }: StreamEvent, path: string, problem: string): EventInvalidError {
  return new EventInvalidError(`of event ${id} (${source}, ${sequence}) ${problem}`, { path });
}

function listOf(record: object): string {
  return Object.keys(record).join(", ") || "none";
}
