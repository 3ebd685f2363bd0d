// The physicist in a hurry: showers from a network instead of full simulation, by the name of what they stand for. A GAN
// makes those energies that it was trained for, GFLASH the others; every shower has a seed and an id, and the file says
// who made it. Then: is it good enough? Needs `onnxruntime-node`.
import { readFile } from "node:fs/promises";
import { createTwin, definePlan, file, runPlan } from "twinloom";
import { fastsim, shippedModel, shippedModelCard } from "twinloom/modules/fastsim";
import { hdf5 } from "twinloom/modules/hdf5";
import { onnx } from "twinloom/modules/onnx";
import { calorimeter, gflash, simulate, type Validation, validate } from "twinloom/thematic/detector";

const MODEL = "gan";
const REFERENCE = "examples/data/showers-sample.h5";
const OUT = "twinloom-out/fast-simulation";

await using twin = await createTwin({
  name: "fast-simulation",
  plugins: {
    files: hdf5(),
    network: onnx({ file: shippedModel(MODEL) }),
    shower: fastsim({ outside: "fallback" }),
    gflash: gflash(),
    detector: calorimeter({ geometry: "w-si-45" }),
  },
  wire: { shower: { fallback: "gflash" }, detector: { generator: "shower" } },
});

// What the network was trained for, before anything is made.
const { reference, validity } = shippedModelCard(MODEL);
for (const [condition, { min, max, unit }] of Object.entries(validity.conditions)) {
  console.log(`${condition.padEnd(20)} ${min} to ${max} ${unit}`);
}

// Some showers in memory: any event again, whenever it is wanted, by its id.
const some = await twin.detector.simulate({ energyMeV: [2000, 20_000, 80_000], absorberMm: 1.4, seed: 7 });
for await (const { count, energies } of some.batches()) {
  for (let event = 0; event < count; event++) {
    const visible = energies
      .slice({ event })
      .toFloat64()
      .reduce((sum, energy) => sum + energy, 0);
    console.log(`${some.energyMeV[event]} MeV electron: ${visible.toFixed(0)} MeV seen`);
  }
}

// A file of showers at the energies of the reference, and a comparison with it.
const plan = definePlan("fast-simulation", (step) => {
  const simulated = step("simulate", simulate, { inputs: { energies: file(REFERENCE) } });
  step("validate", validate, {
    parameters: { metrics: "fast" },
    inputs: { generated: simulated.outputs.showers, reference: file(REFERENCE) },
  });
});
const record = await runPlan(twin, plan, { out: OUT, existing: "replace", seed: 7 });

const { separation } = JSON.parse(await readFile(`${OUT}/validate/metrics.json`, "utf8")) as Validation;
console.log(`\nagainst ${reference}\nseparation power (0: alike, 1: disjoint)   value   by chance alone`);
for (const { observable, value, floor } of separation) {
  console.log(`  ${observable.padEnd(40)} ${value.toFixed(3)}   ${floor.toFixed(3)}`);
}
console.log(`Record: ${OUT}/run.json (${record.state}); showers of ${twin.network.digest}`);
