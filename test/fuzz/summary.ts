import type { CaseResult } from "./campaign.ts";
import { FORMATS } from "./seeds.ts";

/** Counts of a campaign, by format. */
export interface Summary {
  readonly cases: number;
  readonly faults: number;
  readonly slowestMs: number;
  readonly mostMegabytes: number;
  readonly formats: Readonly<
    Record<string, { readonly cases: number; readonly verdicts: Counts; readonly codes: Counts }>
  >;
}

type Counts = Readonly<Record<string, number>>;

/** Counts what became of cases; findings are counted per file where it was refused, else per variable. */
export function summarised(results: readonly CaseResult[]): Summary {
  const formats = FORMATS.map((format) => {
    const of = results.filter((result) => result.format === format);
    const findings = of.flatMap((result) => result.findings);
    const codes = findings.flatMap(({ ours }) => (ours?.startsWith("TWIN_") ? [ours] : []));
    return [
      format,
      { cases: of.length, verdicts: counted(findings.map(({ verdict }) => verdict)), codes: counted(codes) },
    ] as const;
  });
  return {
    cases: results.length,
    faults: results.filter(({ findings }) => findings.some(({ verdict }) => verdict === "FAULT")).length,
    slowestMs: Math.round(Math.max(0, ...results.map(({ ms }) => ms))),
    mostMegabytes: Math.round(Math.max(0, ...results.map(({ megabytes }) => megabytes || 0))),
    formats: Object.fromEntries(formats),
  };
}

function counted(words: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
