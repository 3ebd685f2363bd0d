import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataset, NdArray, walk } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** What h5py and xarray see of a file, as JSON. */
function ask(script: string, file: string): unknown {
  return JSON.parse(execFileSync(python, ["-c", script, file], { encoding: "utf8" }));
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("files that we write (needs scripts/python-venv.sh)", () => {
  const hdf5 = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  let folder = "";
  let file = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-peers-"));
    file = join(folder, "ours.h5");
    const numbers = Float32Array.from({ length: 300_000 }, (_, i) => Math.round(Math.sin(i) * 1000) / 8);
    await hdf5.write(
      file,
      dataset({
        dims: { time: { length: 3, unlimited: true } },
        attributes: {
          title: "Zwölf",
          half: 0.5,
          big: 2n ** 60n,
          flag: true,
          i2: new NdArray(Int16Array.of(7), { dtype: "int16", shape: [] }),
          names: new NdArray(["a", "", "é"], { dtype: "string", shape: [3] }),
        },
        variables: {
          time: new NdArray(Float64Array.of(0, 0.5, 1), { dtype: "float64", shape: [3], dims: ["time"], unit: "s" }),
          field: new NdArray(Float64Array.of(1, 2, 3, 4, 5, 6), {
            dtype: "float64",
            shape: [3, 2],
            dims: ["time", "component"],
            unit: "K",
          }),
          half: new NdArray(Float32Array.of(0.5, 65504, Number.NEGATIVE_INFINITY), {
            dtype: "float16",
            shape: [3],
            dims: ["time"],
          }),
          flag: new NdArray(Uint8Array.of(1, 0, 1), { dtype: "bool", shape: [3], dims: ["time"] }),
          text: new NdArray(["alpha", "", "gämma"], { dtype: "string", shape: [3], dims: ["time"] }),
          i8: new NdArray(BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n), {
            dtype: "int64",
            shape: [3],
            dims: ["time"],
          }),
        },
        groups: { raw: { variables: { numbers: new NdArray(numbers, { dtype: "float32", shape: [600, 500] }) } } },
      }),
    );
  });

  afterAll(async () => {
    await hdf5.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("are read by h5py, with types, attributes, filters and scales", () => {
    const script = `
import sys, json, h5py, numpy as np
f = h5py.File(sys.argv[1])
f2 = lambda x: [repr(float(v)) for v in x]
print(json.dumps({
  "dtypes": {k: str(f[k].dtype) for k in ("time", "field", "half", "flag", "i8")},
  "text": [t.decode() for t in f["text"][:]], "flag": f["flag"][:].tolist(), "half": f2(f["half"][:]),
  "i8": [str(v) for v in f["i8"][:]], "field": f["field"][:].tolist(),
  "attributes": {k: (v.tolist() if hasattr(v, "tolist") else v) for k, v in f.attrs.items()},
  "i2": str(f.attrs["i2"].dtype), "maxshape": f["field"].maxshape, "scales": [list(d.keys()) for d in f["field"].dims][0],
  "scale": bool(f["time"].is_scale), "units": f["field"].attrs["units"],
  "filters": [f["raw/numbers"].shuffle, f["raw/numbers"].compression, f["raw/numbers"].compression_opts],
  "sum": float(f["raw/numbers"][:].astype("f8").sum())}))`;
    let sum = 0;
    for (let i = 0; i < 300_000; i++) sum += Math.fround(Math.round(Math.sin(i) * 1000) / 8);
    expect(ask(script, file)).toEqual({
      dtypes: { time: "float64", field: "float64", half: "float16", flag: "bool", i8: "int64" },
      text: ["alpha", "", "gämma"],
      flag: [true, false, true],
      half: ["0.5", "65504.0", "-inf"],
      i8: ["-9223372036854775808", "0", "9223372036854775807"],
      field: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      attributes: { title: "Zwölf", half: 0.5, big: 2 ** 60, flag: true, i2: 7, names: ["a", "", "é"] },
      i2: "int16",
      maxshape: [null, 2],
      scales: ["time"],
      scale: true,
      units: "K",
      filters: [true, "gzip", 4],
      sum,
    });
  });

  it("are read by xarray with their dimensions and coordinates", () => {
    const script = `
import sys, json, xarray as xr
d = xr.open_dataset(sys.argv[1], engine="h5netcdf", decode_times=False)
print(json.dumps({"sizes": dict(d.sizes), "coords": list(d.coords), "dims": list(d["field"].dims),
  "field": d["field"].values.tolist(), "text": d["text"].values.tolist(), "units": d["time"].attrs["units"]}))`;
    expect(ask(script, file)).toEqual({
      sizes: { time: 3, component: 2 },
      coords: ["time"],
      dims: ["time", "component"],
      field: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      text: ["alpha", "", "gämma"],
      units: "s",
    });
  });

  it("are still whole after a change through the editor, and h5py can change them, too", async () => {
    await hdf5.editHdf(file, async (editor) => {
      await editor.resize("/field", [4, 2]);
      await editor.write("/field", new NdArray(Float64Array.of(7, 8), { dtype: "float64", shape: [1, 2] }), [3, 0]);
      await editor.setAttribute("/field", "note", "grown");
    });
    const script = `
import sys, json, h5py
with h5py.File(sys.argv[1], "a") as f:
  f["field"].resize((5, 2)); f["field"][4] = 9
  f.create_group("by_h5py"); f["raw"].attrs["n"] = 1
  for i in range(20): f["raw"].attrs[f"a{i}"] = i
  for i in range(20): f[f"by_h5py/d{i}"] = i
with h5py.File(sys.argv[1]) as f:
  print(json.dumps({"last": f["field"][-2:].tolist(), "note": f["field"].attrs["note"], "links": sorted(f.keys()), "n": len(f["raw"].attrs)}))`;
    expect(ask(script, file)).toEqual({
      last: [
        [7, 8],
        [9, 9],
      ],
      note: "grown",
      links: ["by_h5py", "component", "field", "flag", "half", "i8", "raw", "text", "time"],
      n: 21,
    });
    await using again = await hdf5.open(file);
    expect(again.problems).toEqual([]);
    expect([...walk(again)].filter((variable) => variable.path.startsWith("/by_h5py/"))).toHaveLength(20);
  });
});
