import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";
import { type StormTrack, stormTracks, tracksDataset } from "../../thematic/climate/index.ts";
import { greatCircle, range, sceneDataset } from "../thematic/climate/storms/vortices.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

const SCRIPT = `
import json, sys, warnings
warnings.simplefilter("error")
import xarray
tracks = xarray.open_dataset(sys.argv[1], engine="netcdf4")
print(json.dumps({
  "times": [str(t)[:19] for t in tracks.time.values], "sizes": tracks.row_size.values.tolist(), "ids": tracks.trajectory.values.tolist(),
  "lat": tracks.lat.values.tolist(), "pressure": tracks.pressure.values.tolist(), "type": tracks.attrs["featureType"],
  "closed": tracks.closed.values.tolist(), "end": tracks.end.values.tolist(), "sample": tracks.row_size.attrs["sample_dimension"],
}))
`;

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("tracks as NetCDF (needs scripts/python-venv.sh)", () => {
  const hdf = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
  let folder = "";
  let tracks: readonly StormTrack[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-storms-"));
    const vortices = [0, 1].map((i) => ({
      centre: greatCircle({ lat: 35, lon: -65 + 30 * i }, 70, 2),
      depth: () => 3000,
      radius: 3,
    }));
    const scene = { grid: { lat: range(20, 1.5, 27), lon: range(-80, 1.5, 53) }, steps: 12, vortices };
    tracks = await stormTracks(sceneDataset(scene), { pressure: "psl" });
    await new Netcdf({ hdf, sources: [], decode: true }).write(join(folder, "tracks.nc"), tracksDataset(tracks));
  });
  afterAll(async () => {
    await hdf.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("are opened by xarray without a warning, with the same values", () => {
    const seen = JSON.parse(execFileSync(python, ["-c", SCRIPT, join(folder, "tracks.nc")], { encoding: "utf8" }));
    const points = tracks.flatMap((track) => track.points);
    expect(tracks).toHaveLength(2);
    expect(seen).toEqual({
      times: points.map(({ time }) => time),
      sizes: tracks.map((track) => track.points.length),
      ids: ["1", "2"],
      lat: points.map(({ lat }) => lat),
      pressure: points.map(({ pressure }) => pressure),
      type: "trajectory",
      closed: points.map(({ closed }) => ["yes", "edge"].indexOf(closed ?? "")),
      end: tracks.map(({ end }) => ["record", "edge", "lysis"].indexOf(end ?? "")),
      sample: "obs",
    });
  });
});
