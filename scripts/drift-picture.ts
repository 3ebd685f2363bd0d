// Draws docs/images/drift-detection.svg, the picture of what a detector's adaptation sees how soon, from
// docs/measurements/drift-detection.json.
import { readFile } from "node:fs/promises";
import { createTwin, type Figure, type Series, writeFileAtomically } from "twinloom";
import { cusumDelay, cusumThreshold, leastDetectionDelay } from "twinloom/modules/adaptation";
import { report } from "twinloom/modules/report";
import { svgGrid } from "./svg-grid.ts";

interface Delays {
  readonly layer: number;
  readonly step: number;
  readonly mean: number | null;
  readonly meanError: number | null;
  readonly median: number | null;
  readonly interval: readonly [number | null, number | null];
  readonly shift: number;
  readonly leastMean: number;
}

/** 30 gains of layers, the common one, the thickness, and the deviance. */
const FEATURES = 33;
const SIZES = Array.from({ length: 61 }, (_, i) => 0.004 * 25 ** (i / 60));

const { watch, results } = JSON.parse(await readFile("docs/measurements/drift-detection.json", "utf8")) as {
  readonly watch: {
    readonly shifts: readonly number[];
    readonly averageRunLength: number;
    readonly referenceEvents: number;
  };
  readonly results: { readonly bySize: readonly Delays[]; readonly step3Percent: readonly Delays[] };
};
const { bySize, step3Percent } = results;

const { shifts, averageRunLength, referenceEvents: referenceSize } = watch;
const sums = shifts.map((shift) => {
  const design = { shift, referenceSize };
  return { design, threshold: cusumThreshold(design, averageRunLength * FEATURES * shifts.length) };
});

/** Of the sum that is fastest, if it begins at 0 and its reference is right. */
function computedDelay(shift: number): number {
  return Math.min(...sums.map(({ design, threshold }) => cusumDelay(threshold, design, shift)));
}

function bySizeOf(layer: number): Figure {
  const own = bySize.filter((each) => each.layer === layer);
  const shiftPerStep = Math.max(...own.map(({ shift, step }) => shift / Math.abs(step)));
  const line = (name: string, of: (shift: number) => number): Series => ({
    ...{ kind: "line", name, x: SIZES.map((size) => 100 * size) },
    y: SIZES.map((size) => of(size * shiftPerStep)),
  });
  const points = (name: string, sign: number): Series => {
    const shown = own.filter(({ step }) => Math.sign(step) === sign);
    return {
      ...{ kind: "points", name, x: shown.map(({ step }) => 100 * Math.abs(step)) },
      ...{ y: shown.map(({ mean }) => mean), yError: shown.map(({ meanError }) => meanError) },
    };
  };
  return {
    ...{ kind: "figure", caption: "" },
    x: { label: `step of the gain of layer ${layer}`, unit: "%", scale: "log", min: 0.4, max: 10 },
    y: { label: "mean of events until the alarm", scale: "log", min: 30, max: 200_000 },
    series: [
      line("least of any detector", (shift) => leastDetectionDelay(shift, averageRunLength)),
      points("gain up", 1),
      points("gain down", -1),
      line("these sums, computed", computedDelay),
    ],
  };
}

function byLayer(): Figure {
  const own = (sign: number) => step3Percent.filter(({ step }) => Math.sign(step) === sign);
  const points = (name: string, sign: number): Series => ({
    ...{ kind: "points", name, x: own(sign).map(({ layer }) => layer + 0.1 * sign) },
    y: own(sign).map(({ median }) => median),
    yError: own(sign).map(({ interval: [low, high] }) =>
      low === null || high === null ? null : (high - low) / (2 * 1.96),
    ),
  });
  return {
    ...{ kind: "figure", caption: "" },
    x: { label: "layer", min: 2.5, max: 14.5 },
    y: { label: "median of events until the alarm for 3 %", min: 0, max: 3500 },
    series: [
      {
        ...{ kind: "line", name: "least mean of any detector", x: own(1).map(({ layer }) => layer) },
        y: own(1).map(({ leastMean }) => leastMean),
      },
      points("gain up", 1),
      points("gain down", -1),
      { kind: "line", name: "asked for", x: [2.5, 14.5], y: [2500, 2500] },
    ],
  };
}

await using twin = await createTwin({ plugins: { report: report() } });
const layers = [...new Set(bySize.map(({ layer }) => layer))];
const drawn = await Promise.all([...layers.map(bySizeOf), byLayer()].map((figure) => twin.report.svg(figure)));
await writeFileAtomically("docs/images/drift-detection.svg", svgGrid(drawn), { existing: "replace" });
