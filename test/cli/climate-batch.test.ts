import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeProject } from "../core/lifecycle/version/sample-project.ts";
import { json } from "./batch-sample.ts";
import { days, readFile, writeFiles } from "./climate-sample.ts";

const TWIN = `twin: weather
plugins:
  files: { use: twinloom/modules/netcdf }
  hdf: { use: twinloom/modules/hdf5 }
  climate: { use: twinloom/thematic/climate }
plans:
  heat:
    summer: { task: climate-index, parameters: { index: SU }, inputs: { data: !artifact days.nc } }
    again: { task: climate-index, parameters: { index: TXx, variables: { tasmax: tasmax } }, inputs: { data: !artifact days.nc } }
`;

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-climate-batch-"));
  await mkdir(cwd, { recursive: true });
  await writeProject(cwd, { "twin.yaml": TWIN });
  await writeFiles(cwd, { "days.nc": days(731) });
});
afterAll(() => rm(cwd, { recursive: true }));

it("a sweep over indices runs as a batch, and its results are gathered by point", async () => {
  const args = ["submit", "twin.yaml", "climate-index", "-p", "index=SU,TXx", "-i", "data=days.nc"];
  const { counts } = await json([...args, "--executor", "local", "--watch", "--out", "b"], { cwd });
  expect(counts).toMatchObject({ succeeded: 2 });
  const { collection } = await json(["jobs", "collect", "b"], { cwd });
  expect(collection.stages).toMatchObject([{ name: "climate-index", counts: { succeeded: 2 } }]);
  // 144 and 148 days above 25 degC inland, by hand in climate.test.ts; 29 degC is the highest.
  const found = await readFile(join(cwd, "b", "results", "climate-index", "index.h5"), "SU");
  expect(found.dims).toEqual(["task_run", "time", "place"]);
  expect(found.values.filter((value) => value > 0)).toEqual([144, 148]);
  const highest = await readFile(join(cwd, "b", "results", "climate-index", "index.h5"), "TXx");
  expect(highest.values.filter(Number.isFinite)).toEqual([29, 10, 29, 10]);
});

it("a plan of a twin.yaml computes indices, and is repeated", async () => {
  const record = await json(["run", "twin.yaml", "heat", "--out", "heat"], { cwd });
  expect(record).toMatchObject({ state: "succeeded", steps: { summer: { result: { max: 148 } } } });
  const again = await json(["rerun", "heat", "--twin", "twin.yaml", "--out", "heat-again"], { cwd });
  expect(again).toMatchObject({ report: { verdict: "identical" } });
});
