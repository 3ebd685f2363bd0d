// Reads damaged files and prints what became of them: `node --conditions=@twinloom/source test/fuzz/run.ts --cases 0:600`.
// `--case 17` shows one in full; `--samples` damages the files of ../shared/data instead of our fixtures. Of many
// cases, the findings with the verdicts of `--show` are printed one by one.
import { parseArgs } from "node:util";
import { type CaseResult, campaign } from "./campaign.ts";
import { findSamples, findSeeds } from "./seeds.ts";
import { summarised } from "./summary.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "0:600" },
    case: { type: "string" },
    lanes: { type: "string", default: "2" },
    samples: { type: "boolean", default: false },
    show: { type: "string", default: "FAULT,differs" },
  },
});
const [first = 0, last = 0] = (values.case ? `${values.case}:${Number(values.case) + 1}` : values.cases)
  .split(":")
  .map(Number);
const numbers = Array.from({ length: last - first }, (_, i) => first + i);
const shown = values.show.split(",");
const seeds = values.samples ? findSamples() : findSeeds();
const results: CaseResult[] = [];
for await (const result of campaign(numbers, seeds, { lanes: Number(values.lanes) })) {
  results.push(result);
  const { number, format, seed, damage, findings } = result;
  for (const finding of findings) {
    if (values.case === undefined && !shown.includes(finding.verdict)) continue;
    print({ number, format, seed, damage, ...finding });
  }
}
process.stdout.write(`${JSON.stringify(summarised(results), undefined, 2)}\n`);

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
