import type { Table } from "../../../core/index.ts";
import type { Evidence } from "./evidence.ts";
import type { Correlations, Judgement, Separation, Validation } from "./validation.ts";

/** Columns of {@link separationTable}. */
const SEPARATION_COLUMNS: Table["columns"] = [
  { name: "observable" },
  { name: "S", digits: 3 },
  { name: "S − floor", digits: 3 },
  { name: "± bootstrap", digits: 2 },
  { name: "floor, shuffled", digits: 2 },
  { name: "floor, formula", digits: 2 },
  { name: "reference to itself", digits: 2 },
  { name: "W1/σ", digits: 3 },
];

/** Separation powers with their floors. */
export function separationTable(rows: readonly Separation[], caption: string): Table {
  return {
    kind: "table",
    caption,
    columns: SEPARATION_COLUMNS,
    rows: rows.map((row) => [
      row.observable,
      ...[
        row.value,
        row.excess,
        row.error,
        row.shuffledFloor,
        row.floor,
        row.measuredFloor,
        row.relativeWasserstein,
      ].map(finite),
    ]),
  };
}

/** Chance of a difference in spectra below which two sets are not of one spectrum. */
const SAME_SPECTRUM = 1e-4;

/**
 * What is wrong with a comparison of sets whose incident energies are spread differently; `undefined` where they are not.
 * Separations less their shuffled floors then look small: showers are only exchanged with those of nearly equal energy.
 */
export function spectrumWarning({ generated, reference, energyTest }: Validation): string | undefined {
  if (energyTest.pValue >= SAME_SPECTRUM) return undefined;
  const percent = (100 * energyTest.statistic).toFixed(0);
  return (
    `The incident energies of ${generated.label} and ${reference.label} have different spectra (their cumulative fractions ` +
    `are up to ${percent} % apart), so this is no fair comparison: simulate at the reference's energies.`
  );
}

/** Differences of correlations with their floors. */
export function correlationTable({ energy, occupancy }: Correlations, caption: string): Table {
  return {
    kind: "table",
    caption,
    columns: [
      { name: "correlation" },
      { name: "difference" },
      { name: "value", digits: 3 },
      { name: "floor, shuffled", digits: 2 },
      { name: "reference to itself", digits: 2 },
      { name: "at layers" },
    ],
    rows: [
      { name: "energies of two layers", ...energy },
      { name: "energy and voxels of a layer", ...occupancy },
    ].flatMap(({ name, difference }) =>
      (["rms", "largest"] as const).map((kind) => [
        name,
        kind,
        ...[difference[kind], difference.shuffledFloor[kind], difference.measuredFloor[kind]].map(finite),
        kind === "largest" ? difference.at.join(", ") : "",
      ]),
    ),
  };
}

/** Quantiles far out. */
export function tailTable({ tails }: Judgement, caption: string): Table {
  return {
    kind: "table",
    caption,
    columns: [
      { name: "observable" },
      { name: "quantile" },
      { name: "generated", digits: 4 },
      { name: "±", digits: 2 },
      { name: "reference", digits: 4 },
      { name: "±", digits: 2 },
      { name: "difference / error", digits: 2 },
      { name: "reference to itself", digits: 2 },
    ],
    rows: tails.map((tail) => {
      const error = Math.hypot(tail.generatedError, tail.referenceError);
      return [
        tail.unit ? `${tail.observable} [${tail.unit}]` : tail.observable,
        String(tail.probability),
        ...[
          tail.generated,
          tail.generatedError,
          tail.reference,
          tail.referenceError,
          (tail.generated - tail.reference) / error,
          tail.measuredFloor,
        ].map(finite),
      ];
    }),
  };
}

/** Distances in many dimensions, those that there are. */
export function distanceTable({ distances: { frechet, kernel, neighbours } }: Judgement, caption: string): Table {
  const rows: (string | number | null)[][] = [];
  if (frechet) {
    const { generated, floor, alike } = frechet;
    const sizes = `batches of ${generated.batchSizes.join(" to ")}, ${generated.draws} of each of ten sizes`;
    rows.push(["FPD, at infinite batches", generated.value, generated.error, finite(floor ?? Number.NaN), sizes]);
    rows.push(["FPD, all showers at once", generated.full, null, null, "not extrapolated"]);
    rows.push(["", null, null, alike.full, "the reference to itself, as counted above"]);
  }
  if (kernel) {
    const { generated, alike } = kernel;
    const sizes = `median of ${generated.batches} batches of ${generated.batchSize}`;
    rows.push(["KPD", generated.value, generated.error, alike.value, sizes]);
  }
  if (neighbours) {
    for (const name of ["precision", "recall", "density", "coverage"] as const) {
      const sizes = `5 neighbours, ${neighbours.showers} showers of each set`;
      rows.push([name, neighbours.generated[name], null, neighbours.alike[name], sizes]);
    }
  }
  return {
    kind: "table",
    caption,
    columns: [
      { name: "distance" },
      { name: "value", digits: 3 },
      { name: "±", digits: 2 },
      { name: "reference to itself", digits: 3 },
      { name: "how" },
    ],
    rows,
  };
}

/** Classifiers, the higher of each kind of features marked. */
export function evidenceTable(evidence: Evidence, caption: string): Table {
  return {
    kind: "table",
    caption,
    columns: [
      { name: "features" },
      { name: "judge" },
      { name: "AUC", digits: 3 },
      { name: "± repetitions", digits: 2 },
      { name: "± at 0.5", digits: 2 },
      { name: "reference to itself", digits: 3 },
      { name: "trainings" },
      { name: "showers judged" },
      { name: "" },
    ],
    rows: evidence.judges.map((one) => [
      one.features,
      one.judge,
      one.auc,
      one.deviation,
      one.sigma,
      one.floor?.auc ?? null,
      one.repetitions,
      2 * one.validation,
      evidence.highest.some((best) => best.features === one.features && best.judge === one.judge) ? "highest" : "",
    ]),
  };
}

/** What a validation says in one row of {@link comparisonTable}. */
const COMPARISON_COLUMNS: Table["columns"] = [
  { name: "set" },
  { name: "showers" },
  { name: "S layers", digits: 2 },
  { name: "±", digits: 1 },
  { name: "S E_tot", digits: 2 },
  { name: "±", digits: 1 },
  { name: "S occupancy", digits: 2 },
  { name: "±", digits: 1 },
  { name: "FPD", digits: 3 },
  { name: "precision", digits: 3 },
  { name: "recall", digits: 3 },
  { name: "density", digits: 3 },
  { name: "coverage", digits: 3 },
  { name: "correlation rms", digits: 2 },
  { name: "AUC low", digits: 4 },
  { name: "AUC high", digits: 4 },
];
const COMPARED = ["layer energy", "total / incident energy", "sparsity"] as const;

/**
 * Several sets in one table, judged by the same reference: S is the separation minus its shuffled floor, of layers and
 * occupancy the mean over layers; the area is the highest of all judges. Below them stands the reference to itself, once
 * for each number of showers.
 *
 * @param names - Of the sets, where their labels do not tell them apart.
 */
export function comparisonTable(validations: readonly Validation[], names?: readonly string[]): Table {
  const rows = validations.map((validation, index) => {
    const { frechet, neighbours } = validation.distances;
    const area = (features: "low" | "high"): number | null =>
      validation.evidence?.highest.find((best) => best.features === features)?.auc ?? null;
    return [
      names?.[index] ?? validation.generated.label,
      validation.generated.count,
      ...COMPARED.flatMap((name) => {
        const row = validation.separation.find(({ observable }) => observable === name);
        return [row?.excess, row?.error].map((value) => finite(value ?? Number.NaN));
      }),
      frechet?.generated.value ?? null,
      ...NEIGHBOUR_SCORES.map((name) => neighbours?.generated[name] ?? null),
      finite(validation.correlations.energy.difference.rms),
      area("low"),
      area("high"),
    ];
  });
  const counts = [...new Set(validations.map(({ generated }) => generated.count))];
  const itself = counts.map((count) =>
    referenceRow(
      validations.filter(({ generated }) => generated.count === count),
      counts.length > 1 ? `, for ${count}` : "",
    ),
  );
  return {
    kind: "table",
    caption: "Sets judged by one reference",
    columns: COMPARISON_COLUMNS,
    rows: [...rows, ...itself],
  };
}

const NEIGHBOUR_SCORES = ["precision", "recall", "density", "coverage"] as const;

/**
 * The reference against itself, scaled to the numbers compared in these validations, which are equal: separations less
 * their floors by formula; the highest area that any of their judges gave to equal sets.
 */
function referenceRow(validations: readonly Validation[], addition: string): Table["rows"][number] {
  const { alike, separation, distances, correlations } = validations[0] as Validation;
  const area = (features: "low" | "high"): number | null => {
    const floors = validations.flatMap(({ evidence }) =>
      (evidence?.judges ?? []).flatMap((one) => (one.features === features && one.floor ? [one.floor.auc] : [])),
    );
    return floors.length > 0 ? Math.max(...floors) : null;
  };
  return [
    `reference: ${alike.label}${addition}`,
    alike.counts.join(" + "),
    ...COMPARED.flatMap((name) => {
      const row = separation.find(({ observable }) => observable === name);
      return [finite((row?.measuredFloor ?? Number.NaN) - (row?.floor ?? Number.NaN)), null];
    }),
    distances.frechet?.floor ?? null,
    ...NEIGHBOUR_SCORES.map((name) => distances.neighbours?.alike[name] ?? null),
    finite(correlations.energy.difference.measuredFloor.rms),
    area("low"),
    area("high"),
  ];
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
