import type { Figure, ReportDocument, Series, Table } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { correlationItems, decadeSections, distanceSections, evidenceSection, seriesNames } from "./report-sections.ts";
import { separationTable, spectrumWarning } from "./tables.ts";
import type { ComparedHistogram, EnergyPoint, ProfilePoint, Validation } from "./validation.ts";

/** A {@link Validation} as tables and figures for people. */
export function validationReport(validation: Validation, geometry: CalorimeterGeometry): ReportDocument {
  const { generated, reference, worstLayer, alike } = validation;
  const worst = worstLayer
    ? `Largest deviation of the mean longitudinal profile where a layer holds more than 1 % of the energy: ${(100 * worstLayer.deviation).toFixed(1)} % (layer ${worstLayer.layer}).`
    : "";
  return {
    title: `${generated.label} against ${reference.label}`,
    summary: `${generated.count} ${generated.label} showers and ${reference.count} ${reference.label} showers in ${geometry.title}. ${[spectrumWarning(validation), worst].filter((text) => text).join(" ")}`,
    sections: [
      {
        title: "Shower shape",
        items: [longitudinalFigure(validation), radialFigure(validation), extentTable(validation)],
      },
      { title: "Energy", items: energyFigures(validation) },
      { title: "Energy per layer and occupancy", items: histogramFigures(validation, (name) => name !== "response") },
      {
        title: "Separation powers",
        text: `0: equal distributions, 1: no overlap. What two samples of one simulation give is the floor: by shuffling generated and reference showers of nearly equal energy, by the formula, and measured with the reference itself (${alike.label}: ${alike.counts.join(" and ")} showers), scaled to the numbers compared. S − floor subtracts the shuffled one. Observables of layers: mean over layers. W1/σ is the Wasserstein-1 distance over the reference's standard deviation.`,
        items: [separationTable(validation.separation, "All energies")],
      },
      { title: "Correlations", items: correlationItems(validation) },
      ...distanceSections(validation),
      ...evidenceSection(validation),
      ...decadeSections(validation),
      { title: "Profiles in numbers", items: [longitudinalTable(validation), energyTable(validation)] },
    ],
    provenance: {
      geometry: validation.geometry,
      "readout threshold": `${(1000 * validation.thresholdMeV).toFixed(2)} keV`,
      "seed of resamplings": validation.seed,
    },
  };
}

/** Both sets as series of one figure, the reference first. */
function pair<K extends "steps" | "points">(
  { generated, reference }: Validation,
  kind: K,
  data: {
    readonly x: readonly number[];
    readonly generated: readonly (number | null)[];
    readonly generatedError: readonly (number | null)[];
    readonly reference: readonly (number | null)[];
    readonly referenceError: readonly (number | null)[];
  },
): readonly Series[] {
  const [a, b] = seriesNames(generated.label, reference.label);
  return [
    { kind, name: b, x: data.x, y: data.reference, yError: data.referenceError },
    { kind, name: a, x: data.x, y: data.generated, yError: data.generatedError },
  ];
}

function referenceName({ generated, reference }: Validation): string {
  return seriesNames(generated.label, reference.label)[1];
}

function profileSeries(
  validation: Validation,
  edges: readonly number[],
  points: readonly ProfilePoint[],
): readonly Series[] {
  return pair(validation, "steps", {
    x: edges,
    generated: points.map((point) => point.generated),
    generatedError: points.map((point) => point.generatedError),
    reference: points.map((point) => point.reference),
    referenceError: points.map((point) => point.referenceError),
  });
}

function longitudinalFigure(validation: Validation): Figure {
  const { longitudinal } = validation;
  const depth = 2 * (longitudinal[0]?.depthX0 ?? 0);
  return {
    kind: "figure",
    caption: "Mean longitudinal profile: visible energy of each layer over the incident energy",
    x: { label: "depth", unit: "X₀" },
    y: { label: "mean of layer / incident energy" },
    series: profileSeries(
      validation,
      Array.from({ length: longitudinal.length + 1 }, (_, i) => i * depth),
      longitudinal,
    ),
    ratioTo: referenceName(validation),
  };
}

function radialFigure(validation: Validation): Figure {
  const { radial } = validation;
  return {
    kind: "figure",
    caption: "Mean radial profile: visible energy of each ring over the incident energy",
    x: { label: "radius", unit: "mm" },
    y: { label: "mean of ring / incident energy", scale: "log" },
    series: profileSeries(validation, [...radial.map((point) => point.minMm), radial.at(-1)?.maxMm ?? 0], radial),
    ratioTo: referenceName(validation),
  };
}

function energyFigures(validation: Validation): readonly (Figure | Table)[] {
  const { energies } = validation;
  const points = (
    caption: string,
    y: Figure["y"],
    value: (point: EnergyPoint) => number,
    error: (point: EnergyPoint) => number,
  ): Figure => {
    // Mean energies of the two sets differ a little in a bin; the geometric centre stands for both.
    const x = energies.map(({ minMeV, maxMeV }) => Math.sqrt(minMeV * maxMeV) / 1000);
    const of = (side: "generated" | "reference", get: (point: EnergyPoint) => number): (number | null)[] =>
      energies.map((bin) => (bin[side] ? get(bin[side]) : null));
    return {
      kind: "figure",
      caption,
      x: { label: "incident energy", unit: "GeV", scale: "log" },
      y,
      series: pair(validation, "points", {
        x,
        generated: of("generated", value),
        generatedError: of("generated", error),
        reference: of("reference", value),
        referenceError: of("reference", error),
      }),
      ratioTo: referenceName(validation),
    };
  };
  return [
    ...histogramFigures(validation, (name) => name === "response"),
    points(
      "Energy resolution: spread over mean of total / incident energy",
      { label: "σ / μ", unit: "%" },
      (point) => 100 * point.resolution,
      (point) => 100 * point.resolutionError,
    ),
    points(
      "Linearity: mean of total / incident energy",
      { label: "total / incident energy" },
      (point) => point.response,
      (point) => point.responseError,
    ),
    points(
      "Occupancy: mean number of voxels with energy",
      { label: "voxels with energy", scale: "log" },
      (point) => point.occupied,
      (point) => point.occupiedError,
    ),
  ];
}

function histogramFigures(validation: Validation, wanted: (name: string) => boolean): readonly Figure[] {
  return validation.histograms
    .filter(({ name }) => wanted(name))
    .map((histogram: ComparedHistogram) => ({
      kind: "figure",
      caption: `Distribution of ${histogram.label}`,
      x: { label: histogram.label, ...(histogram.unit && { unit: histogram.unit }), scale: histogram.scale },
      y: { label: "fraction of showers" },
      series: pair(validation, "steps", { ...histogram, x: histogram.edges }),
      ratioTo: referenceName(validation),
    }));
}

function extentTable({ generated, reference }: Validation): Table {
  return {
    kind: "table",
    caption: "Extent of the mean shower and resolution σ/μ = a/√(E/GeV) ⊕ c",
    columns: [
      { name: "set" },
      { name: "mean total / incident", digits: 4 },
      { name: "a", unit: "%", digits: 3 },
      { name: "c", unit: "%", digits: 2 },
      { name: "r90", unit: "mm", digits: 3 },
      { name: "r95", unit: "mm", digits: 3 },
      { name: "centre of gravity", unit: "X₀", digits: 3 },
      { name: "95 % within", unit: "X₀", digits: 3 },
      { name: "voxels with energy", digits: 4 },
    ],
    rows: [generated, reference].map(({ label, response, resolutionFit, containment: extent }) => [
      label,
      response,
      resolutionFit ? 100 * resolutionFit.stochastic : null,
      resolutionFit ? 100 * resolutionFit.constant : null,
      ...[extent.r90Mm, extent.r95Mm, extent.centreX0, extent.depth95X0, extent.occupied].map(finite),
    ]),
  };
}

function longitudinalTable({ longitudinal }: Validation): Table {
  return {
    kind: "table",
    caption: "Mean longitudinal profile: generated over reference",
    columns: [
      { name: "layer" },
      { name: "depth", unit: "X₀", digits: 3 },
      { name: "share of energy", unit: "%", digits: 3 },
      { name: "ratio", digits: 4 },
      { name: "error", digits: 2 },
    ],
    rows: longitudinal
      .filter(({ share }) => share > 0.001)
      .map(({ layer, depthX0, share, ratio, ratioError }) => [
        layer,
        depthX0,
        100 * share,
        finite(ratio),
        finite(ratioError),
      ]),
  };
}

function energyTable({ energies }: Validation): Table {
  const columns = ["total / incident", "σ / μ", "voxels"];
  return {
    kind: "table",
    caption: "Response, resolution and occupancy by incident energy: generated, then reference",
    columns: [
      { name: "from", unit: "GeV", digits: 3 },
      { name: "to", unit: "GeV", digits: 3 },
      ...["generated", "reference"].flatMap((side) => columns.map((name) => ({ name: `${side} ${name}`, digits: 4 }))),
    ],
    rows: energies.map(({ minMeV, maxMeV, generated, reference }) => [
      minMeV / 1000,
      maxMeV / 1000,
      ...[generated, reference].flatMap((point) =>
        point ? [point.response, point.resolution, point.occupied] : [null, null, null],
      ),
    ]),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
