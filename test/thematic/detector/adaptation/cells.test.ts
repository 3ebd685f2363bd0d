import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifact, constant, createTwin, Generator, NdArray, type StreamEvent } from "twinloom";
import { adaptableDetector, loadGeometry, withResponse } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";
import { toyAdaptable, toyGenerator } from "./toy-showers.ts";

/** Cell [8, 3, 1] and cell [20, 15, 8]. */
const [DEAD, LOUD] = [(8 * 16 + 3) * 9 + 1, (20 * 16 + 15) * 9 + 8];
const FAULTS = { silent: [DEAD], noisy: [{ counter: LOUD, rate: 0.25 }] };

function eventOf(shower: NdArray<"float32">): StreamEvent {
  const conditions = { incident_energy: 20_000 };
  return { source: "s", sequence: 0n, id: 0n, run: "", timeNs: 0n, conditions, tensors: { shower } };
}

describe("cells of a detector as counters", () => {
  it("are named by layer, alpha and r; those of a ring in a layer are a group", async () => {
    const { counters } = await toyAdaptable();
    expect(counters?.size).toBe(6480 + 76);
    expect(counters?.name(DEAD)).toBe("cell [8, 3, 1]");
    expect(counters?.name(LOUD)).toBe("cell [20, 15, 8]");
    const ring = [...(counters?.groups ?? [])].flatMap((group, i) => (group === counters?.groups[DEAD] ? i : []));
    expect(ring).toEqual(Array.from({ length: 16 }, (_, alpha) => (8 * 16 + alpha) * 9 + 1));
    expect(new Set(counters?.groups.subarray(0, 6480)).size).toBe(45 * 9);
    expect(() => counters?.name(6556)).toThrow("There is no counter 6556: cells are 0 to 6479, readings 6480 to 6555.");
  });

  it("are marked where they read more than 0, dense or sparse", async () => {
    const adaptable = await toyAdaptable();
    const { shape } = await loadGeometry("w-si-45");
    const values = new Float32Array(6480);
    values.set([1, -1, Number.NaN, 0.75], 700);
    values[6479] = 1e-30;
    const { marks } = adaptable.features([
      eventOf(new NdArray(values, { dtype: "float32", shape })),
      eventOf(new NdArray(new Float32Array(6480), { dtype: "float32", shape })),
    ]);
    expect(marks).toEqual({ offsets: Uint32Array.of(0, 3, 3), counters: Uint32Array.of(700, 703, 6479) });
  });

  it("are dead in a calibration, and begin with it; withResponse() takes it", async () => {
    const adaptable = await toyAdaptable();
    const calibration = adaptable.calibration(adaptable.current, FAULTS);
    const dead = [
      [8, 3, 1],
      [20, 15, 8],
    ];
    expect(calibration).toMatchObject({
      response: { deadCells: dead },
      noisyCells: [{ cell: [20, 15, 8], rate: 0.25 }],
    });
    expect(adaptable.calibration(adaptable.current)).not.toHaveProperty("noisyCells");
    const { response } = calibration as { readonly response: Parameters<typeof withResponse>[0] };
    expect(() => withResponse({ conditions: response as object })).not.toThrow();
    const folder = await mkdtemp(join(tmpdir(), "twinloom-cells-"));
    try {
      const file = join(folder, "calibration.json");
      await writeFile(file, JSON.stringify(calibration));
      const toy = constant(Generator, toyGenerator);
      const options = { layers: 6, calibration: artifact(file) };
      const twin = await createTwin({ plugins: { toy, adaptable: adaptableDetector(options) } });
      expect(twin.adaptable.counters?.faults).toEqual(FAULTS);
      expect(twin.adaptable.calibration(twin.adaptable.current)).toEqual(calibration);
      await writeFile(file, JSON.stringify(calibration).replace("[8,3,1]", "[8,3,9]"));
      await expect(createTwin({ plugins: { toy, adaptable: adaptableDetector(options) } })).rejects.toThrow(
        "There is no cell [8, 3, 9]: layers are 0 to 44, alpha 0 to 15, r 0 to 8.",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("refuse faults of other cells, and rates that are none, and stay as they are", async () => {
    const adaptable = await toyAdaptable();
    const at = adaptable.current;
    await adaptable.apply(at, FAULTS);
    await expect(adaptable.apply(at, { silent: [DEAD], noisy: [{ counter: DEAD, rate: 0.1 }] })).rejects.toThrow(
      "twice",
    );
    const loud = { silent: [], noisy: [{ counter: DEAD, rate: 2 }] };
    await expect(adaptable.apply(at, loud)).rejects.toThrow("cell [8, 3, 1]: noisy in 2 of the events");
    expect(adaptable.counters?.faults).toEqual(FAULTS);
  });
});
