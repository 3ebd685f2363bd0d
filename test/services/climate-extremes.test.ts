import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";
import { detectExtremes, fitEofScorer, returnLevels } from "../../thematic/climate/index.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const python = here("../../.venv-climate/bin/python");
const data = here("../../../shared/data/netcdf/xclim-testdata/");
const files = {
  model: `${data}CanESM2_1950-2100.nc`,
  river: `${data}q_sim_first-half.nc`,
  field: `${data}tas.sresb1.giss_model_e_r.run1.atm.da.nc`,
};
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
const hasData = Object.values(files).every((file) => existsSync(file));

/** L-moments, fits and patterns of its own, with numpy and scipy; levels of scipy's likelihood fit for orientation. */
const SCRIPT = `
import json, sys
import numpy as np, xarray
from scipy import optimize, special, stats

def gev(x, periods):
    l1, l2, t3, _ = stats.lmoment(x)
    k = optimize.brentq(lambda k: 2 * (1 - 3**-k) / (1 - 2**-k) - 3 - t3, -0.99, 10.01, xtol=1e-14)
    g = special.gamma(1 + k)
    scale = l2 * k / ((1 - 2**-k) * g)
    loc = l1 - scale * (1 - g) / k
    return [loc, scale, -k, *stats.genextreme.isf(1 / np.array(periods), k, loc, scale)]

periods = [10, 50, 100]
out = {}
tx = xarray.open_dataset(sys.argv[1]).tasmax.astype("f8")
maxima = tx.groupby("time.year").max().transpose("location", "year").values
out["gev"] = [gev(x, periods) for x in maxima]
out["likelihood"] = [stats.genextreme.isf(1 / np.array(periods), *stats.genextreme.fit(x, 0.1, loc=x.mean(), scale=x.std())).tolist() for x in maxima]
peaks = []
for x in tx.transpose("location", "time").values:
    u = np.quantile(x, 0.98, method="median_unbiased")
    at = np.flatnonzero(x > u)
    best = np.array([c.max() for c in np.split(x[at], np.flatnonzero(np.diff(at) > 3) + 1)])
    l1, l2 = stats.lmoment(best, order=[1, 2])
    xi = 2 - (l1 - u) / l2
    scale = (l1 - u) * (1 - xi)
    rate = len(best) / (len(x) / 365)
    peaks.append([u, len(best), xi, *stats.genpareto.isf(1 / (rate * np.array(periods)), xi, u, scale)])
out["peaks"] = peaks
q = xarray.open_dataset(sys.argv[2], decode_timedelta=False).q_sim.isel(nbasins=0)
out["river"] = gev(q.groupby("time.year").max().values, periods)
f = xarray.open_dataset(sys.argv[3]).tas.astype("f8")
w = np.sqrt(np.cos(np.deg2rad(f.lat))).values.repeat(f.lon.size)
x = f.values.reshape(f.time.size, -1)
base = (f.time.dt.year <= 2055).values & f.time.dt.season.isin(["JJA"]).values
mean = x[base].mean(axis=0)
_, s, vt = np.linalg.svd((x[base] - mean) * w, full_matrices=False)
a = (x - mean) * w
rest = a - (a @ vt[:5].T) @ vt[:5]
score = (rest**2).sum(axis=1) / (w**2).sum()
out["variances"] = (s[:5] ** 2 / (base.sum() - 1)).tolist()
out["scores"] = score[::100].tolist()
print(json.dumps(out))
`;

// Without the environment or the data this is skipped; scripts/python-venv.sh makes the former.
describe.skipIf((!existsSync(python) && !isRequired) || !hasData)(
  "extremes of real files (needs .venv-climate and shared/data)",
  () => {
    const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
    const netcdf = new Netcdf({ hdf, sources: [], decode: true });
    let oracle: Record<string, never> & {
      readonly gev: number[][];
      readonly likelihood: number[][];
      readonly peaks: number[][];
      readonly river: number[];
      readonly variances: number[];
      readonly scores: number[];
    };
    beforeAll(() => {
      oracle = JSON.parse(execFileSync(python, ["-c", SCRIPT, ...Object.values(files)], { encoding: "utf8" }));
    }, 120_000);
    afterAll(() => hdf.stop());

    const values = async (from: Dataset, name: string): Promise<number[]> => [
      ...((await from.variables[name]?.read())?.toFloat64() ?? []),
    ];
    const near = (found: number | undefined, expected: number | undefined): void => {
      const difference = Math.abs((found ?? Number.NaN) - (expected ?? Number.NaN));
      expect(difference).toBeLessThanOrEqual(1e-6 * Math.max(0.1, Math.abs(expected ?? 0)));
    };

    it("annual maxima of 151 years, noleap: GEV of L-moments, and near the likelihood's levels", async () => {
      await using file = await netcdf.open(files.model);
      const found = await returnLevels(file, { variable: "tasmax", kind: "block-maxima", resamplings: 100 });
      const [location, scale, shape, levels, lower, upper] = await Promise.all(
        [
          "location_parameter",
          "scale_parameter",
          "shape_parameter",
          "return_level",
          "return_level_lower",
          "return_level_upper",
        ].map((name) => values(found, name)),
      );
      oracle.gev.forEach((expected, cell) => {
        [location, scale, shape].forEach((parameter, at) => {
          near(parameter?.[cell], expected[at]);
        });
        for (let period = 0; period < 3; period++) {
          const level = levels?.[3 * period + cell] as number;
          near(level, expected[3 + period]);
          expect(lower?.[3 * period + cell]).toBeLessThan(level);
          expect(upper?.[3 * period + cell]).toBeGreaterThan(level);
          // Another estimator of the same data: within a kelvin at 100 years.
          expect(Math.abs(level - (oracle.likelihood[cell]?.[period] as number))).toBeLessThan(1);
        }
      });
    });

    it("peaks over the 98th percentile, 3 days apart: GPD of L-moments", async () => {
      await using file = await netcdf.open(files.model);
      const options = { threshold: { quantile: 0.98 }, interval: "none" } as const;
      const found = await returnLevels(file, { variable: "tasmax", kind: "peaks-over-threshold", ...options });
      const [threshold, count, shape, levels] = await Promise.all(
        ["threshold", "count", "shape_parameter", "return_level"].map((name) => values(found, name)),
      );
      oracle.peaks.forEach((expected, cell) => {
        [threshold, count, shape].forEach((each, at) => {
          near(each?.[cell], expected[at]);
        });
        for (let period = 0; period < 3; period++) near(levels?.[3 * period + cell], expected[3 + period]);
      });
    });

    it("annual maxima of five years of a river's discharge, which are fitted only where they are asked for", async () => {
      await using file = await netcdf.open(files.river);
      const few = await returnLevels(file, {
        variable: "q_sim",
        kind: "block-maxima",
        missing: "skip",
        interval: "none",
      });
      expect(await values(few, "status")).toEqual([2]);
      const options = { kind: "block-maxima", missing: "skip", minimum: 5, resamplings: 100 } as const;
      const found = await returnLevels(file, { variable: "q_sim", ...options });
      expect(await values(found, "count")).toEqual([5]);
      near((await values(found, "scale_parameter"))[0], oracle.river[1]);
      (await values(found, "return_level")).forEach((level, i) => {
        near(level, oracle.river[3 + i]);
      });
    });

    it("patterns of ten summers, and scores of all days", async () => {
      await using file = await netcdf.open(files.field);
      const scorer = await fitEofScorer(file, {
        variable: "tas",
        period: "2046-2055",
        season: "JJA",
        modes: { count: 5 },
      });
      scorer.fit.variances.forEach((variance, mode) => {
        near(variance, oracle.variances[mode]);
      });
      const { scores } = await detectExtremes(file, { variable: "tas", scorer });
      const found = await values(scores, "anomaly_score");
      oracle.scores.forEach((score, i) => {
        near(found[100 * i], score);
      });
    });
  },
);
