import type { Figure, HeatMap, ReportSection, Table } from "../../../core/index.ts";
import { correlationTable, distanceTable, evidenceTable, separationTable, tailTable } from "./tables.ts";
import type { Validation } from "./validation.ts";

/** Names that differ even when a set is compared with its like. */
export function seriesNames(generated: string, reference: string): readonly [string, string] {
  return generated === reference ? [`${generated} (judged)`, `${reference} (reference)`] : [generated, reference];
}

/** Quantiles far out and distances in many dimensions, where there are any. */
export function distanceSections(validation: Validation): readonly ReportSection[] {
  const items = filled([
    tailTable(validation, "Quantiles far out, with errors by bootstrap"),
    distanceTable(validation, "Distances in many dimensions"),
  ]);
  if (items.length === 0) return [];
  return [
    {
      title: "Tails and distances",
      text: "Widths are those of whole showers. FPD and KPD compare 362 numbers of each shower, PRDC the logarithms of all voxels. Published values of FPD, KPD and PRDC are of other references and other energies: for scale only.",
      items,
    },
  ];
}

/** Everything of one decade in its own section. */
export function decadeSections({ decades }: Validation): readonly ReportSection[] {
  if (decades.length < 2) return [];
  return decades.map((decade) => {
    const { minMeV, maxMeV, generatedCount, referenceCount } = decade;
    const name = `${minMeV / 1000} to ${maxMeV / 1000} GeV`;
    return {
      title: `Only ${name}`,
      text: `${generatedCount} showers against ${referenceCount}.`,
      items: [
        separationTable(decade.separation, `Separation powers, ${name}`),
        correlationTable(decade.correlations, `Correlations, ${name}`),
        ...filled([tailTable(decade, `Quantiles, ${name}`), distanceTable(decade, `Distances, ${name}`)]),
      ],
    };
  });
}

/** Tables with something in them. */
function filled(tables: readonly Table[]): readonly Table[] {
  return tables.filter(({ rows }) => rows.length > 0);
}

/** Both matrices, their difference, and how large it is. */
export function correlationItems(validation: Validation): readonly (Table | Figure | HeatMap)[] {
  const { energy, occupancy } = validation.correlations;
  const layers = energy.reference.length;
  const edges = Array.from({ length: layers + 1 }, (_, edge) => edge - 0.5);
  const [judged, reference] = seriesNames(validation.generated.label, validation.reference.label);
  const map = (
    caption: string,
    values: readonly (readonly number[])[],
    limit: number,
    label: string = "correlation",
  ): HeatMap => ({
    kind: "heatmap",
    caption,
    x: { label: "layer" },
    y: { label: "layer" },
    xEdges: edges,
    yEdges: edges,
    values,
    color: { label, min: -limit, max: limit },
  });
  const apart = energy.generated.map((row, i) =>
    row.map((value, j) => value - (energy.reference[i]?.[j] ?? Number.NaN)),
  );
  const largest = Math.max(energy.difference.largest || 0, 0.01);
  return [
    map(`Correlation of the energies of two layers: ${judged}`, energy.generated, 1),
    map(`Correlation of the energies of two layers: ${reference}`, energy.reference, 1),
    map(`Difference of the two: ${judged} − ${reference}`, apart, largest, "difference of correlations"),
    {
      kind: "figure",
      caption: "Correlation of the energy of a layer with its number of voxels with energy",
      x: { label: "layer" },
      y: { label: "correlation" },
      series: [
        { kind: "steps", name: reference, x: edges, y: occupancy.reference },
        { kind: "steps", name: judged, x: edges, y: occupancy.generated },
      ],
    },
    correlationTable(validation.correlations, "Differences of correlations"),
  ];
}

/** What classifiers found, where there is evidence. */
export function evidenceSection({ evidence }: Validation): readonly ReportSection[] {
  if (!evidence) return [];
  const of = (features: "low" | "high") => evidence.judges.filter((one) => one.features === features);
  const names = evidence.judges.map(({ judge, features }) => `${judge} on ${features}-level features`);
  const edges = [0, evidence.judges.length + 1];
  const places = evidence.judges.map((_, index) => index + 1);
  const hasFloor = evidence.judges.some(({ floor }) => floor !== null);
  // Areas of small sets may lie well below one half; what is measured is drawn.
  const lowest = Math.min(0.5, ...evidence.judges.flatMap(({ auc, floor }) => [auc, floor?.auc ?? auc])) - 0.05;
  const highest = (["low", "high"] as const).flatMap((features) => {
    const [best] = of(features).toSorted((a, b) => b.auc - a.auc);
    return best ? [`${features}: ${best.auc.toFixed(3)} (${best.judge})`] : [];
  });
  return [
    {
      title: "Classifiers",
      text: [
        `Classifiers were trained to tell ${evidence.name} from the reference, ${evidence.showersPerSet} showers of each. The area under the ROC curve is 0.5 where they cannot, 1 where they always can. The highest of the judges counts: ${highest.join("; ")}. Trained by: ${evidence.made.command} (${evidence.made.date}).`,
        `How this differs from the published protocol: ${evidence.limits.join("; ") || "not at all"}.`,
      ].join("\n\n"),
      items: [
        {
          kind: "figure",
          caption: `Area under the ROC curve. ${names.map((name, index) => `${index + 1}: ${name}`).join("; ")}`,
          x: { label: "judge", min: edges[0] as number, max: edges[1] as number },
          y: { label: "area under the ROC curve", min: lowest, max: 1.02 },
          series: [
            { kind: "line", name: "cannot tell", x: edges, y: [0.5, 0.5] },
            {
              kind: "points",
              name: evidence.name,
              x: places,
              y: evidence.judges.map(({ auc }) => auc),
              yError: evidence.judges.map(({ deviation, sigma }) => Math.max(deviation ?? 0, sigma)),
            },
            ...(hasFloor
              ? [
                  {
                    kind: "points" as const,
                    name: "reference to itself",
                    x: places,
                    y: evidence.judges.map(({ floor }) => floor?.auc ?? null),
                    yError: evidence.judges.map(({ floor, sigma }) =>
                      floor ? Math.max(floor.deviation ?? 0, sigma) : null,
                    ),
                  },
                ]
              : []),
          ],
        },
        evidenceTable(evidence, "Judges"),
      ],
    },
  ];
}
