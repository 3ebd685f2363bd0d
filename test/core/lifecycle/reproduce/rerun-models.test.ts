import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Composition, createTwin, rerun, runTask } from "../../../../core/index.ts";
import { fastsim, shippedModel, shippedModelCard } from "../../../../modules/fastsim/index.ts";
import { hdf5 } from "../../../../modules/hdf5/index.ts";
import { onnx } from "../../../../modules/onnx/index.ts";
import { calorimeter } from "../../../../thematic/detector/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-rerun-models-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function simulation(model: "gan" | "transformer"): Composition {
  return {
    name: "showers",
    plugins: {
      files: hdf5(),
      network: onnx({ file: shippedModel(model) }),
      shower: fastsim({}),
      detector: calorimeter({ geometry: "w-si-45" }),
    },
  };
}

it("showers of a network come out the same again; of another network they do not, and it is named", async () => {
  const out = join(folder, "gan");
  await using twin = await createTwin(simulation("gan"));
  const energyMeV = [10_000, 20_000, 50_000];
  await runTask(twin, "simulate", { out, parameters: { energyMeV, seed: 7 } });

  const same = await rerun(out, { out: join(folder, "again"), twin: simulation("gan") });
  expect(same.report).toMatchObject({ verdict: "identical", layers: { model: { state: "same" } }, causes: [] });

  const other = await rerun(out, { out: join(folder, "other"), twin: simulation("transformer") });
  expect(other.report.verdict).toBe("different");
  const digest = (model: "gan" | "transformer"): string => `sha256:${shippedModelCard(model).model.sha256}`;
  expect(other.report.causes).toEqual([
    {
      layer: "model",
      message: `Another model: network (gan) was ${digest("gan")}, is ${digest("transformer")}.`,
    },
  ]);
});
