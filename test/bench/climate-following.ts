// Measures the skill of the twin that follows: `node --conditions=@twinloom/source test/bench/climate-following.ts` writes
// docs/measurements/climate-following.json. Real data are in ../shared/data/netcdf; what is absent is left out, and said.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createTwin, type Dataset, rankFlatness } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { analysisRegression } from "../../thematic/climate/following/analysis-regression.ts";
import { crossValidateEmulators } from "../../thematic/climate/following/choose-emulator.ts";
import { ClimateEmulator } from "../../thematic/climate/following/emulator.ts";
import { fitField } from "../../thematic/climate/following/fit-emulator.ts";
import { type FieldSeries, readField } from "../../thematic/climate/following/read-field.ts";
import { type Station, stationNetwork } from "../../thematic/climate/following/stations.ts";
import { syntheticClimate } from "../../thematic/climate/following/synthetic-climate.ts";
import { type TwinExperiment, twinExperiment } from "../../thematic/climate/following/twin-experiment.ts";

const FOLDER = "../shared/data/netcdf";
const SEED = 20_261_122n;
const EXPLAINED = 0.995;
/** 104 ranks, 13 for each of the eight that are tested. */
const MEMBERS = 103;

interface Case {
  readonly name: string;
  readonly open: () => Promise<Dataset>;
  readonly file?: string;
  readonly trainingYears: number;
  readonly folds: number;
  readonly networks: Readonly<
    Record<string, { readonly cells: (cell: number, columns: number) => boolean; readonly error: number }>
  >;
}

const dense = {
  cells: (cell: number, columns: number) => (Math.floor(cell / columns) + (cell % columns)) % 2 === 0,
  error: 0.5,
};
const sparse = { cells: (cell: number) => cell % 5 === 1, error: 1 };
const giss = `${FOLDER}/xclim-testdata/tas.sresb1.giss_model_e_r.run1.atm.da.nc`;
const ecEarth = `${FOLDER}/mini-esgf-data/tas_day_EC-EARTH_historical_r1i1p1_19700101-19791231.nc`;

await using twin = await createTwin({ plugins: { hdf: hdf5(), files: netcdf() } });
const CASES: readonly Case[] = [
  {
    name: "GISS-E-R, SRES B1, 42-62 N, 282-302 E, 6 x 5 cells, noleap, 2046-2065",
    file: giss,
    open: () => twin.files.open(giss),
    ...{ trainingYears: 14, folds: 4, networks: { "15 of 30 cells, 0.5 K": dense, "6 of 30 cells, 1 K": sparse } },
  },
  {
    name: "EC-EARTH, historical, 2 x 4 cells all over the globe, 1970-1979",
    file: ecEarth,
    open: () => twin.files.open(ecEarth),
    ...{
      trainingYears: 7,
      folds: 7,
      networks: { "4 of 8 cells, 0.5 K": { cells: (cell: number) => cell % 2 === 0, error: 0.5 } },
    },
  },
  {
    name: "synthetic climate, 6 x 8 cells, 20 years",
    open: async () => syntheticClimate({ seed: 1n, years: 20 }),
    ...{ trainingYears: 14, folds: 4, networks: { "24 of 48 cells, 0.5 K": dense, "10 of 48 cells, 1 K": sparse } },
  },
];

const results: unknown[] = [];
for (const each of CASES) {
  if (each.file !== undefined && !existsSync(each.file)) {
    results.push({ name: each.name, skipped: `${each.file} is not there` });
    await write();
    continue;
  }
  process.stderr.write(`${each.name} …\n`);
  results.push(await measure(each));
  await write();
}
/** To five digits: more would say nothing. */
function rounded(key: string, value: unknown): unknown {
  return typeof value === "number" && key !== "seed" ? Number(value.toPrecision(5)) : value;
}

async function write(): Promise<void> {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const made = {
    command: "node --conditions=@twinloom/source test/bench/climate-following.ts",
    ...{ date: new Date().toISOString().slice(0, 10), commit, seed: Number(SEED) },
  };
  await writeFile(
    new URL("../../docs/measurements/climate-following.json", import.meta.url),
    `${JSON.stringify({ made, results }, rounded, 1)}\n`,
  );
}

async function measure({ name, open, trainingYears, folds, networks }: Case): Promise<unknown> {
  const field = await readField(await open(), "tas");
  const years = [...new Set(field.axis.year)];
  const [training, test] = [years.slice(0, trainingYears), years.slice(trainingYears)];
  const most = field.places.length;
  const coupled = [1, 5, 10, 20].filter((count) => count <= most);
  const candidates = coupled.flatMap((count) => [1, 3].map((lag) => ({ coupled: count, lag })));
  const scored = await crossValidateEmulators(field, { years: training, folds, candidates, explained: EXPLAINED });
  const best = scored[0]?.candidate;
  const emulator = new ClimateEmulator(await fitField(field, { ...best, years: training, explained: EXPLAINED }));
  const found: Record<string, unknown> = {};
  for (const [label, { cells, error }] of Object.entries(networks)) {
    const network = stationNetwork(emulator, stationsOf(field, cells, error));
    const filters = await chooseFilter(field, { training, network, best });
    const filter = filters[0]?.filter;
    const followed = { ...filter, emulator, network, seed: SEED, members: MEMBERS, leads: 15 };
    const analysisDamping = analysisRegression(field, { ...followed, years: training });
    const common = { ...followed, years: test, every: 3, analysisDamping };
    found[label] = {
      filters,
      all: told(await twinExperiment(field, common)),
      unobserved: told(await twinExperiment(field, { ...common, verified: "unobserved", every: 10 })),
    };
  }
  const { dynamics, tauTest } = emulator.document;
  return {
    ...{
      name,
      training,
      test,
      candidates: scored,
      modes: dynamics.modes,
      clippedNoise: dynamics.clippedNoise,
      tauTest,
    },
    networks: found,
  };
}

interface Filter {
  readonly localisationKm?: number;
  readonly inflation: number;
}

/** Inside the training years: fitted to the first ones, tried on the last three. */
async function chooseFilter(
  field: FieldSeries,
  {
    training,
    network,
    best,
  }: {
    readonly training: readonly number[];
    readonly network: ReturnType<typeof stationNetwork>;
    readonly best: { readonly coupled?: number | undefined; readonly lag?: number | undefined } | undefined;
  },
): Promise<readonly { filter: Filter; crps: number }[]> {
  const held = training.slice(-3);
  const fitted = await fitField(field, { ...best, years: training.slice(0, -3), explained: EXPLAINED });
  const emulator = new ClimateEmulator(fitted);
  const filters: Filter[] = [1, 1.05].flatMap((inflation) => [
    { inflation },
    ...[1500].map((localisationKm) => ({ inflation, localisationKm })),
  ]);
  const tried: { filter: Filter; crps: number }[] = [];
  for (const filter of filters) {
    const { leads } = await twinExperiment(field, {
      ...{
        ...filter,
        emulator,
        network,
        years: held,
        seed: SEED,
        members: MEMBERS,
        leads: 3,
        every: 8,
        resamplings: 2,
      },
    });
    tried.push({ filter, crps: leads.reduce((sum, { crps }) => sum + crps.value / leads.length, 0) });
  }
  return tried.sort((a, b) => a.crps - b.crps);
}

function stationsOf(field: FieldSeries, cells: Case["networks"][string]["cells"], error: number): readonly Station[] {
  return Array.from(field.places.keys())
    .filter((place) => cells(field.places[place] as number, field.shape[1] ?? 1))
    .map((place) => ({
      name: `cell ${field.places[place]}`,
      latitude: field.latitude[place] as number,
      longitude: field.longitude[place] as number,
      error,
    }));
}

function told({ leads, ...rest }: TwinExperiment): unknown {
  return {
    ...rest,
    leads: leads.map(({ ranks, ...lead }) => ({
      ...lead,
      ranks: { cases: ranks.cases, ...rankFlatness(coarse(ranks)) },
    })),
  };
}

/** Eight ranks are enough for so few cases. */
function coarse({ counts, cases }: { readonly counts: Float64Array; readonly cases: number }) {
  const bins = new Float64Array(8);
  counts.forEach((count, rank) => {
    const bin = Math.floor((rank * bins.length) / counts.length);
    bins[bin] = (bins[bin] as number) + count;
  });
  return { counts: bins, cases };
}
