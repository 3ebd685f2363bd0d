import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GatherRun, gatherResults } from "../../core/batch/collect/index.ts";
import { dataset, NdArray } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** What h5py and xarray see of a file, as JSON. */
function ask(script: string, file: string): unknown {
  return JSON.parse(execFileSync(python, ["-c", script, file], { encoding: "utf8" }));
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("gathered results (needs scripts/python-venv.sh)", () => {
  const hdf5 = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  let folder = "";
  let file = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-gathered-"));
    file = join(folder, "gathered.h5");
    const runs: GatherRun[] = [];
    for (let run = 0; run < 6; run++) {
      const path = join(folder, `run-${run}.h5`);
      await hdf5.write(path, dataset(contentOf(run)));
      runs.push({
        run,
        // One that failed has no file.
        state: run === 4 ? "failed" : "succeeded",
        parameters: { energyMeV: 100 * (1 + Math.floor(run / 3)), seed: String(2n ** 63n + BigInt(run % 3)) },
        ...(run !== 4 && { result: { mean: run / 2 }, open: () => hdf5.open(path) }),
      });
    }
    await using all = await gatherResults(runs, { attributes: { batch: "b" } });
    await hdf5.write(file, all);
  });

  afterAll(async () => {
    await hdf5.stop();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  for (const engine of ["h5netcdf", "netcdf4"]) {
    it(`unfold to an axis for each parameter in xarray (${engine})`, () => {
      const seen = ask(
        `
import json, sys, xarray
runs = xarray.open_dataset(sys.argv[1], engine="${engine}")
grid = runs.set_index(task_run=["energyMeV", "seed"]).unstack("task_run")
at = grid.sel(energyMeV=200, seed=2**63 + 2)
print(json.dumps({
  "coordinates": sorted(runs.coords), "unit": runs.energyMeV.attrs["units"], "sizes": dict(grid.sizes),
  "deposit": at.deposit.values.tolist(), "mean": float(at["result.mean"]), "state": str(at.task_run_state.values),
  "missing": bool(grid.deposit.sel(energyMeV=200, seed=2**63 + 1).isnull().all()),
  "smallMissing": bool(grid.small.sel(energyMeV=200, seed=2**63 + 1).isnull()),
  "layer": runs.layer.values.tolist(),
}))
`,
        file,
      );
      expect(seen).toEqual({
        coordinates: ["energyMeV", "layer", "seed", "task_run", "task_run_state"],
        unit: "MeV",
        sizes: { energyMeV: 2, seed: 3, layer: 2, hit: 13 },
        deposit: [5, 10],
        mean: 2.5,
        state: "succeeded",
        missing: true,
        smallMissing: true,
        layer: [0, 1],
      });
    });
  }

  it("are contiguous ragged arrays where runs differ in length, for h5py", () => {
    const seen = ask(
      `
import h5py, json, sys
with h5py.File(sys.argv[1]) as f:
  counts = f["hit_count"]
  print(json.dumps({
    "counts": counts[:].tolist(), "sample": counts.attrs["sample_dimension"], "energy": f["energy"][:].tolist(),
    "dims": [[each.label, [scale.name for scale in each.values()]] for each in f["energy"].dims],
    "seed": [int(each) for each in f["seed"][:]], "batch": f.attrs["batch"],
  }))
`,
      file,
    );
    expect(seen).toEqual({
      counts: [1, 2, 3, 4, 0, 3],
      sample: "hit",
      energy: [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 5, 5, 5],
      dims: [["", ["/hit"]]],
      seed: Array.from({ length: 6 }, (_, run) => Number(2n ** 63n + BigInt(run % 3))),
      batch: "b",
    });
  });
});

/** Deposits on a shared axis, hits of which each run has another number, and a small integer. */
function contentOf(run: number): Parameters<typeof dataset>[0] {
  const hits = run === 5 ? 3 : run + 1;
  const layer = new NdArray(Float64Array.of(0, 1), { dtype: "float64", shape: [2], dims: ["layer"] });
  return {
    variables: {
      layer,
      deposit: new NdArray(Float64Array.of(run, 2 * run), {
        dtype: "float64",
        shape: [2],
        dims: ["layer"],
        unit: "MeV",
      }),
      energy: new NdArray(new Float64Array(hits).fill(run), { dtype: "float64", shape: [hits], dims: ["hit"] }),
      small: new NdArray(Uint8Array.of(255), { dtype: "uint8", shape: [], dims: [] }),
    },
  };
}
