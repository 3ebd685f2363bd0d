// The colleague a year later: has the name of a version in a store and the folder of a run, runs the same again in a new
// folder, and compares content. (Both are made here first; in real life they came with the paper.)
import { createTwin, loadSpec, openTwin, rerun, runPlan } from "twinloom";

const STORE = "twinloom-out/versions";
const THEN = "twinloom-out/last-year";
const NOW = "twinloom-out/this-year";

await using working = await createTwin(await loadSpec("examples/first-light.yaml"));
const { entry } = await working.seal({ store: STORE, reason: "the paper" });
await using sealed = await openTwin(entry.digest, { store: STORE });
await runPlan(sealed, "first-light", { out: THEN, seed: 2026, existing: "replace" });

// From here on, all that is known is the folder and the store. Reading the record checks its seal, and it names the version,
// whose every byte is checked while it is restored.
const { report } = await rerun(THEN, { out: NOW, store: STORE, existing: "replace" });

console.log(`${entry.twin}@v${entry.number} ${entry.digest}`);
for (const [layer, { state }] of Object.entries(report.layers)) console.log(`${layer.padEnd(20)} ${state}`);
for (const { step, output, match } of report.outputs) {
  console.log(`${(output === null ? step : `${step}.${output}`).padEnd(20)} ${match}`);
}
if (report.verdict !== "identical") {
  throw new Error(`${NOW} is ${report.verdict}: ${report.causes.map(({ message }) => message).join(" ")}`);
}
console.log("Reproduced: every output has the content that the record states.");
