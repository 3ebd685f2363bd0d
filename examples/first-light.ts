// The physicist's first day: compose a detector twin, read real showers from HDF5, simulate the same particles, see how
// faithful the simulation is, and seal a record of the run. `npm start` begins with this.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createTwin, definePlan, file, runPlan } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { report, reportTask } from "twinloom/modules/report";
import { calorimeter, gflash, simulate, type Validation, validate } from "twinloom/thematic/detector";

const REFERENCE = "examples/data/showers-sample.h5";
const OUT = "twinloom-out/first-light";

await using twin = await createTwin({
  name: "first-light",
  plugins: { files: hdf5(), shower: gflash(), detector: calorimeter({ geometry: "w-si-45" }), report: report() },
});

const plan = definePlan("first-light", (step) => {
  const simulated = step("simulate", simulate, { inputs: { energies: file(REFERENCE) } });
  const validated = step("validate", validate, {
    inputs: { generated: simulated.outputs.showers, reference: file(REFERENCE) },
  });
  step("report", reportTask, { inputs: { document: validated.outputs.report } });
});
let last = "";
const record = await runPlan(twin, plan, {
  out: OUT,
  existing: "replace",
  seed: 7,
  onProgress: ({ step, doing }) => {
    if (doing !== last) console.log(`${step}: ${doing}`);
    last = doing;
  },
});

const { generated, reference, separation, worstLayer } = JSON.parse(
  await readFile(`${OUT}/validate/metrics.json`, "utf8"),
) as Validation;
console.log(`
${reference.count} electrons of 1 to 100 GeV      ${generated.label.padEnd(10)} ${reference.label}
visible / incident energy          ${generated.response.toFixed(4).padEnd(10)} ${reference.response.toFixed(4)}
radius of 90 % of the energy       ${`${generated.containment.r90Mm.toFixed(1)} mm`.padEnd(10)} ${reference.containment.r90Mm.toFixed(1)} mm
depth of 95 % of the energy        ${`${generated.containment.depth95X0.toFixed(1)} X0`.padEnd(10)} ${reference.containment.depth95X0.toFixed(1)} X0
worst layer of the mean profile    ${(100 * (worstLayer?.deviation ?? Number.NaN)).toFixed(1)} % off (layer ${worstLayer?.layer})

separation power (0: alike, 1: disjoint)   value   by chance alone`);
for (const { observable, value, floor } of separation) {
  console.log(`  ${observable.padEnd(40)} ${value.toFixed(3)}   ${floor.toFixed(3)}`);
}
console.log(`
Plots:   ${resolve(OUT, "report/report.html")}
Record:  ${resolve(OUT, "run.json")} (${record.state}, sealed as ${record.digest.slice(0, 19)}…)`);
