/** Runs a plan over and over into the folder it is given, until it is killed. */
import { runPlan } from "../../../core/index.ts";
import { definePlan } from "../../../core/run/index.ts";
import { make, sampleTwin, sum } from "./sample-twin.ts";

const [, , out = ""] = process.argv;
const plan = definePlan("endless", (step) => {
  const numbers = step("numbers", make, { parameters: { seed: 2, n: 200 } });
  step("total", sum, { inputs: { numbers: numbers.outputs.numbers } });
});
const twin = await sampleTwin();
process.stdout.write("ready\n");
for (;;) await runPlan(twin, plan, { out, existing: "replace" });
