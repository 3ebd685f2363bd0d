import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  anomaly,
  areaMean,
  climatology,
  type Dataset,
  decodeCf,
  type GroupKey,
  groupBy,
  type NdArray,
  resample,
  rolling,
  type Statistic,
  subset,
  timeAxis,
  type Variable,
} from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = here("../../.venv-climate/bin/python");
const SAMPLES = here("../../../shared/data/netcdf/");
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
const REAL = [
  "xclim-testdata/nrcan_1950-2013.nc:tasmax",
  "xclim-testdata/tas.sresb1.giss_model_e_r.run1.atm.da.nc:tas",
  "mini-esgf-data/mrsos_day_HadGEM2-ES_rcp45_r1i1p1_20051201-20151130.nc:mrsos",
  "mini-esgf-data/tas_day_EC-EARTH_historical_r1i1p1_19700101-19791231.nc:tas",
];

interface Answer {
  readonly values: readonly (number | null)[];
  readonly times?: readonly number[];
  readonly labels?: readonly (number | string)[];
}

interface Answers {
  readonly files: readonly { file: string; variable: string; answers: Readonly<Record<string, Answer>> }[];
  readonly axes: readonly { unit: string; calendar: string; values: number[]; fields: readonly number[][] }[];
}

const SMALL = { maxBytes: 50_000 };

// Without the environment this is skipped.
describe.skipIf(!existsSync(python) && !isRequired)("operations on datasets and xarray (needs .venv-climate)", () => {
  const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
  const netcdf = new Netcdf({ hdf, sources: [], decode: true });
  let folder = "";
  let peers: Answers;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-operations-"));
    const real = existsSync(SAMPLES) ? REAL.map((each) => SAMPLES + each) : [];
    if (real.length === 0) process.stderr.write(`No real files: ${SAMPLES} is absent.\n`);
    const text = execFileSync(python, [here("operations-peers.py"), folder, ...real], {
      encoding: "utf8",
      maxBuffer: 1e9,
    });
    peers = JSON.parse(text);
  }, 300_000);

  afterAll(async () => {
    await hdf.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("agree on dates and days of the year, of all calendars", () => {
    expect(peers.axes).toHaveLength(18);
    for (const { unit, calendar, values, fields } of peers.axes) {
      const { year, month, day, dayOfYear } = timeAxis(Float64Array.from(values), { unit, calendar });
      // In 1582 cftime counts the ten days that there were not.
      const skipped = (i: number): number =>
        calendar === "standard" && year[i] === 1582 && (dayOfYear[i] as number) > 277 ? 10 : 0;
      const own = fields.map((_, i) => [year[i], month[i], day[i], (dayOfYear[i] as number) + skipped(i)]);
      expect(own, `${unit} ${calendar}`).toEqual(fields);
    }
  });

  it("agree on every operation", async () => {
    let [worst, compared] = ["", 0];
    let most = 0;
    for (const { file, variable, answers } of peers.files) {
      await using opened = await netcdf.open(file);
      const data = decodeCf(opened);
      for (const [question, answer] of Object.entries(answers)) {
        const label = `${basename(file)}: ${question}`;
        if (question === "area" && basename(file).startsWith("tas.sresb1")) {
          // Its bounds were never written: they are what was in memory.
          await expect(ours(data, variable, question)).rejects.toThrow(/no cell around/);
          continue;
        }
        const result = await ours(data, variable, question);
        const [found] = Object.values(result.variables).filter(({ name }) => name === variable);
        const values = (await found?.read())?.toFloat64() ?? new Float64Array();
        if (answer.labels) await expectLabels(result, answer.labels, label);
        if (answer.times) {
          expect(Array.from((await timesOf(result)).toFloat64()), label).toEqual(answer.times);
        }
        const expected = inOrder(question, answer);
        const scale = expected.reduce<number>((max, each) => Math.max(max, Math.abs(each ?? 0)), 0);
        expect(values, label).toHaveLength(expected.length);
        expected.forEach((each, i) => {
          const own = values[i] as number;
          expect(Number.isNaN(own), `${label} [${i}]`).toBe(each === null);
          if (each === null) return;
          // Anomalies are small differences: the error is that of what they are made of.
          const away =
            Math.abs(own - each) / (question.startsWith("anomaly") ? 300 : Math.max(Math.abs(each), 1e-3 * scale));
          if (away > most) [most, worst] = [away, `${label} [${i}] ${own} ${each}`];
          compared++;
        });
      }
    }
    process.stdout.write(`${compared} values; furthest apart, relatively: ${most} (${worst})\n`);
    expect(most, worst).toBeLessThan(1e-12);
  }, 300_000);

  it("a climatology and monthly means are files that xarray opens without a warning", async () => {
    await using opened = await netcdf.open(join(folder, "noleap.nc"));
    const data = decodeCf(opened);
    const replace = { existing: "replace" } as const;
    const [normals, monthly] = [join(folder, "normals.nc"), join(folder, "monthly.nc")];
    await netcdf.write(normals, await climatology(data, { by: "month", period: "2000-2004" }), replace);
    await netcdf.write(monthly, await resample(data, { frequency: "MS", reduce: "std" }), replace);
    const seen = execFileSync(
      python,
      [
        "-W",
        "error",
        "-c",
        `
import json, sys, xarray
coder = xarray.coders.CFDatetimeCoder(use_cftime=True)
normals, monthly = (xarray.open_dataset(f, decode_times=coder).load() for f in sys.argv[1:])
print(json.dumps([normals.time.attrs["climatology"], normals.tas.attrs["cell_methods"], str(normals.climatology_bounds.values[1]),
  normals.month.values.tolist(), [str(t)[:10] for t in normals.time.values[:2]], monthly.tas.attrs["units"],
  monthly.tas.attrs["units_metadata"], str(monthly.time_bnds.values[1])]))`,
        normals,
        monthly,
      ],
      { encoding: "utf8" },
    );
    expect(JSON.parse(seen)).toEqual([
      "climatology_bounds",
      "time: mean within years time: mean over years",
      // 1 February 2000 and 1 March 2004, in days since 1998; xarray decodes `bounds` alone.
      "[ 761. 2249.]",
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      ["2000-01-16", "2000-02-15"],
      "K",
      "temperature: difference",
      "[cftime.DatetimeNoLeap(2000, 1, 1, 0, 0, 0, 0, has_year_zero=True)\n cftime.DatetimeNoLeap(2000, 2, 1, 0, 0, 0, 0, has_year_zero=True)]",
    ]);
  });
});

async function timesOf({ variables }: Dataset): Promise<NdArray> {
  return await (variables["time"] as Variable).read();
}

/** xarray has seasons in the order of the alphabet. */
function inOrder(question: string, { values, labels }: Answer): readonly (number | null)[] {
  if (!question.startsWith("groupBy season") || !labels) return values;
  const inner = values.length / labels.length;
  return ["DJF", "MAM", "JJA", "SON"].flatMap((season) => {
    const at = labels.indexOf(season);
    return values.slice(at * inner, (at + 1) * inner);
  });
}

async function expectLabels(result: Dataset, labels: readonly (number | string)[], label: string): Promise<void> {
  const coordinate = result.variables[result.coordinates[0] as string];
  const values: (number | string)[] = Array.from(
    ((await coordinate?.read())?.values() ?? []) as readonly (number | string)[],
  );
  expect(
    typeof labels[0] === "string" ? values.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : values,
    label,
  ).toEqual(labels);
}

/** What we make of a question to xarray. */
async function ours(data: Dataset, variable: string, question: string): Promise<Dataset> {
  const variables = [variable];
  const [operation, ...words] = question.split(" ") as [string, ...string[]];
  const every = { variables, selection: { time: { step: 37 } } };
  switch (operation) {
    case "resample":
      return await resample(data, { ...SMALL, frequency: words[0] ?? "", reduce: words[1] as Statistic, variables });
    case "groupBy":
      return await groupBy(data, { ...SMALL, by: words[0] as GroupKey, reduce: words[1] as Statistic, variables });
    case "anomaly":
      return await subset(await anomaly(inDoubles(data, variable), { by: words[0] as "month", variables }), every);
    case "rolling": {
      const [window, center, minCount, reduce] = words;
      const how = { window: Number(window), center: center === "True", minCount: Number(minCount) };
      return await subset(await rolling(data, { ...how, reduce: reduce as Statistic, variables }), every);
    }
    case "area":
      return await subset(await areaMean(data, { ...SMALL, variables }), every);
    default:
      return await subset(await areaMean(data, { ...SMALL, variables, ignoreBounds: true }), every);
  }
}

/** Anomalies of float32 are float32; xarray is asked in float64. */
function inDoubles(data: Dataset, name: string): Dataset {
  const variable = data.variables[name];
  if (variable?.dtype !== "float32") return data;
  return { ...data, variables: { ...data.variables, [name]: changed(variable, { dtype: "float64" }) } };
}

function changed(variable: Variable, change: Partial<Variable>): Variable {
  const { name, path, dtype, dims, shape, unit, fillValue, attributes, storage } = variable;
  return {
    ...{ name, path, dtype, dims, shape, unit, fillValue, attributes, storage },
    read: variable.read.bind(variable),
    readMany: variable.readMany.bind(variable),
    chunks: variable.chunks.bind(variable),
    ...change,
  };
}
