// The colleague a year later: takes the sealed record of a run, checks that nobody changed it, runs the same again, and
// compares content. (The first run is made here too; in real life it came with the paper.)
import { compositionOf, createTwin, loadSpec, planFromDocument, readRunRecord, runPlan, sameOutputs } from "twinloom";

const SPEC = "examples/first-light.yaml";
const THEN = "twinloom-out/last-year";
const NOW = "twinloom-out/this-year";

await using twin = await createTwin(await loadSpec(SPEC));
await runPlan(twin, "first-light", { out: THEN, seed: 2026, existing: "replace" });

// From here on, all that is known is the record. Reading it checks its seal.
const record = await readRunRecord(`${THEN}/run.json`);
const plan = planFromDocument(record.plan.name, record.plan.steps, compositionOf(twin).tasks);
const again = await runPlan(twin, plan, { out: NOW, seed: BigInt(record.seed ?? 0), existing: "replace" });

console.log(
  `twin     ${record.twin.specDigest === again.twin.specDigest ? "the same" : "another"} (${record.twin.specDigest.slice(0, 19)}…)`,
);
for (const [step, { outputs }] of Object.entries(record.steps)) {
  for (const [name, then] of Object.entries(outputs)) {
    const now = again.steps[step]?.outputs[name];
    const content = now?.contentDigest === then.contentDigest ? "same content" : "OTHER CONTENT";
    const bytes = now?.fileDigest === then.fileDigest ? "same bytes" : "other bytes";
    console.log(`${`${step}.${name}`.padEnd(20)} ${content}, ${bytes}`);
  }
}
if (!sameOutputs(record, again)) throw new Error(`${NOW} differs from ${THEN}.`);
console.log("Reproduced: every output has the content that the record states.");
