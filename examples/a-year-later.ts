// The colleague a year later: takes the folder of a run, checks that nobody changed its record, runs the same again in a new
// folder, and compares content. (The first run is made here too; in real life it came with the paper.)
import { createTwin, loadSpec, rerun, runPlan } from "twinloom";

const SPEC = "examples/first-light.yaml";
const THEN = "twinloom-out/last-year";
const NOW = "twinloom-out/this-year";

await using twin = await createTwin(await loadSpec(SPEC));
await runPlan(twin, "first-light", { out: THEN, seed: 2026, existing: "replace" });

// From here on, all that is known is the folder. Reading its record checks the seal; inputs are found by their digests.
const { report } = await rerun(THEN, { out: NOW, twin: SPEC, existing: "replace" });

for (const [layer, { state }] of Object.entries(report.layers)) console.log(`${layer.padEnd(20)} ${state}`);
for (const { step, output, match } of report.outputs) {
  console.log(`${(output === null ? step : `${step}.${output}`).padEnd(20)} ${match}`);
}
if (report.verdict !== "identical") {
  throw new Error(`${NOW} is ${report.verdict}: ${report.causes.map(({ message }) => message).join(" ")}`);
}
console.log("Reproduced: every output has the content that the record states.");
