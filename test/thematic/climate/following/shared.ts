import { ClimateEmulator } from "../../../../thematic/climate/following/emulator.ts";
import { fitField } from "../../../../thematic/climate/following/fit-emulator.ts";
import { type FieldSeries, readField } from "../../../../thematic/climate/following/read-field.ts";
import { type Station, type StationNetwork, stationNetwork } from "../../../../thematic/climate/following/stations.ts";
import { syntheticClimate } from "../../../../thematic/climate/following/synthetic-climate.ts";

/** Twelve years of a small climate, of which the first nine are fitted to; made once in a test file. */
export interface Sample {
  readonly field: FieldSeries;
  readonly emulator: ClimateEmulator;
  readonly network: StationNetwork;
  readonly test: readonly number[];
}

let made: Promise<Sample> | undefined;

export function sample(): Promise<Sample> {
  made ??= make();
  return made;
}

async function make(): Promise<Sample> {
  const field = await readField(syntheticClimate({ seed: 7n, years: 12, shape: [4, 5] }), "tas");
  const years = [...new Set(field.axis.year)];
  const emulator = new ClimateEmulator(await fitField(field, { years: years.slice(0, 9), coupled: 8 }));
  return {
    field,
    emulator,
    network: stationNetwork(emulator, stationsAt(field, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18])),
    test: years.slice(9),
  };
}

export function stationsAt(
  field: Pick<FieldSeries, "latitude" | "longitude">,
  places: readonly number[],
  error = 0.5,
): readonly Station[] {
  return places.map((place) => ({
    ...{ name: `station ${place}`, error },
    ...{ latitude: field.latitude[place] as number, longitude: field.longitude[place] as number },
  }));
}
