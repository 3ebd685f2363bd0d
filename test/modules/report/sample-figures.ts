import type { Figure, ReportDocument } from "../../../core/index.ts";

/** A histogram of three bins with errors, points on the same bins, and their ratio. */
export const comparison: Figure = {
  kind: "figure",
  caption: "Energy per layer",
  x: { label: "layer" },
  y: { label: "mean energy", unit: "MeV" },
  ratioTo: "Geant4",
  series: [
    { kind: "steps", name: "Geant4", x: [0, 1, 2, 4], y: [10, 40, 20], yError: [1, 2, 1] },
    { kind: "points", name: "GFLASH", x: [0.5, 1.5, 3], y: [11, 30, 20], yError: [1, 1, 1] },
  ],
};

/** A document with every kind of item. */
export const sampleDocument: ReportDocument = {
  title: "GFLASH against Geant4",
  summary: "Two samples of three showers.",
  sections: [
    {
      title: "Summary",
      text: "The first paragraph.\n\nThe second.",
      items: [
        {
          kind: "table",
          caption: "Separation power",
          columns: [{ name: "feature" }, { name: "separation", digits: 3 }, { name: "mean", unit: "MeV" }],
          rows: [
            ["total energy", 0.0023456, -10.5],
            ["occupancy", 1.2e-6, null],
          ],
        },
      ],
    },
    {
      title: "Profiles",
      items: [comparison, { ...comparison, caption: "Logarithmic", y: { label: "E", scale: "log" } }],
    },
    { title: "Nothing", items: [] },
  ],
  provenance: { seed: "7" },
};
