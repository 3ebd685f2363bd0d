import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifact, constant, createTwin, Generator, NdArray } from "twinloom";
import { adaptableDetector, loadGeometry } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { ReadingBins } from "../../../../thematic/detector/adaptation/reading-bins.ts";
import { toyAdaptable, toyGenerator } from "./toy-showers.ts";

/** Counter of the lowest bin. */
const FIRST = 6480;
const BINS = new ReadingBins(await loadGeometry("w-si-45"));

const upTo = (bins: number): number[] => Array.from({ length: bins }, (_, bin) => FIRST + bin);

describe("bins of small readings", () => {
  it("are 16 an octave from above the threshold of the geometry, and a group", async () => {
    const { edgesMeV, size } = BINS;
    // 15.15 keV and a quarter of it are 18.94 keV.
    expect([edgesMeV[0], edgesMeV[size]]).toEqual([0.01953125, 0.5]);
    for (let bin = 0; bin < size; bin++) {
      const [from, to] = [edgesMeV[bin] as number, edgesMeV[bin + 1] as number];
      expect(to / from).toBeGreaterThan(1.03);
      expect(to / from).toBeLessThan(1.0626);
      expect([BINS.binOf(from), BINS.binOf((from + to) / 2), BINS.binOf(to)]).toEqual([bin, bin, bin + 1]);
    }
    const { counters } = await toyAdaptable();
    expect(counters?.name(FIRST)).toBe("readings of 19.5 to 20.5 keV");
    expect(new Set(counters?.groups.subarray(FIRST))).toEqual(new Set([45 * 9]));
  });

  it.each(["float32", "float64"] as const)("are marked once where a cell reads within, as %s", async (dtype) => {
    const adaptable = await toyAdaptable();
    const { shape } = await loadGeometry("w-si-45");
    const values = dtype === "float32" ? new Float32Array(6480) : new Float64Array(6480);
    // Below the lowest edge, on it, the last bin twice, on its upper edge, no number, negative, and larger.
    values.set([0.0195, 0.49, 0.01953125, 0.495, 0.5, Number.NaN, -0.05, 3, Number.POSITIVE_INFINITY], 100);
    // Nearest to the upper edge in float32, and below it.
    if (dtype === "float64") values[200] = 0.5 - 1e-12;
    const shower = new NdArray(values, { dtype, shape });
    const event = { source: "s", sequence: 0n, id: 0n, run: "", timeNs: 0n, conditions: { incident_energy: 20_000 } };
    const { marks } = adaptable.features([
      { ...event, tensors: { shower } },
      { ...event, tensors: { shower: new NdArray(new Float32Array(6480), { dtype: "float32", shape }) } },
    ]);
    const bins = [...(marks?.counters ?? [])].filter((counter) => counter >= FIRST);
    expect(bins).toEqual([FIRST, FIRST + 75]);
    expect(marks?.offsets[1]).toBe(marks?.offsets[2]);
  });

  it("that are silent are a threshold: the edge with the fewest exceptions", () => {
    const { edgesMeV } = BINS;
    expect(BINS.thresholdMeV(new Set())).toBe(0);
    expect(BINS.thresholdMeV(new Set([0]))).toBe(edgesMeV[1]);
    expect(BINS.thresholdMeV(new Set([0, 1, 3, 4]))).toBe(edgesMeV[5]);
    // One far from the others is no threshold.
    expect(BINS.thresholdMeV(new Set([0, 1, 40]))).toBe(edgesMeV[2]);
    expect(BINS.thresholdMeV(new Set([40]))).toBe(0);
    for (const bins of [0, 1, 17, 76]) {
      const below = BINS.below(bins === 0 ? 0 : (edgesMeV[bins] as number));
      expect(below).toEqual(Array.from({ length: bins }, (_, bin) => bin));
      expect(BINS.thresholdMeV(new Set(below))).toBe(bins === 0 ? 0 : edgesMeV[bins]);
    }
  });

  it("are the threshold of a calibration, and begin with it", async () => {
    const adaptable = await toyAdaptable();
    const silent = upTo(20);
    const calibration = adaptable.calibration(adaptable.current, { silent, noisy: [] });
    expect(calibration).toMatchObject({ response: { thresholdMeV: 0.046875 } });
    expect(calibration).not.toHaveProperty("response.deadCells");
    const folder = await mkdtemp(join(tmpdir(), "twinloom-threshold-"));
    try {
      const file = join(folder, "calibration.json");
      const toy = constant(Generator, toyGenerator);
      // Within the next bin, which still counts.
      const within = JSON.stringify(calibration).replace("0.046875", "0.0475");
      await writeFile(file, within);
      const options = { layers: 6, calibration: artifact(file) };
      const twin = await createTwin({ plugins: { toy, adaptable: adaptableDetector(options) } });
      const { adaptable: other } = twin;
      expect(other.counters?.faults).toEqual({ silent, noisy: [] });
      // As long as the bins say no other.
      expect(JSON.stringify(other.calibration(other.current))).toBe(within);
      const lower = other.calibration(other.current, { silent: upTo(3), noisy: [] });
      expect(lower).toMatchObject({ response: { thresholdMeV: BINS.edgesMeV[3] } });
      expect(other.calibration(other.current, { silent: [], noisy: [] })).not.toHaveProperty("response.thresholdMeV");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("that count more than they did are no threshold and no cells", async () => {
    const adaptable = await toyAdaptable();
    const faults = { silent: [], noisy: [{ counter: FIRST + 2, rate: 0.1 }] };
    expect(adaptable.calibration(adaptable.current, faults)).toEqual(adaptable.calibration(adaptable.current));
  });
});
