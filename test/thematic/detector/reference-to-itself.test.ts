import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createTwin } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { calorimeter } from "../../../thematic/detector/index.ts";

/** Folder of the reference showers; they are too large for the repository and lie beside it. */
const FOLDER =
  process.env["TWINLOOM_SHOWERS"] ?? fileURLToPath(new URL("../../../../shared/data/showers", import.meta.url));
const FILES = ["showers-train.h5", "showers-test.h5"].map((name) => join(FOLDER, name)) as [string, string];
const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

describe("two full simulations, 23,000 showers against 10,000", () => {
  it.runIf(IS_LONG)("are found to be one, by every number", { timeout: 3_1_800_000 }, async ({ skip }) => {
    skip(!FILES.every(existsSync), `No ${FILES.join(", ")}. Set TWINLOOM_SHOWERS to the folder that has them.`);
    await using twin = await createTwin({ name: "ecal", plugins: { files: hdf5(), detector: calorimeter() } });
    await using first = await twin.files.open(FILES[0]);
    await using second = await twin.files.open(FILES[1]);
    const validation = await twin.detector.validate(
      await twin.detector.showers(first),
      await twin.detector.showers(second),
    );
    for (const judged of [validation, ...validation.decades]) {
      for (const { observable, excess, shuffledSpread, error } of judged.separation) {
        // Means over layers that are correlated; the errors of floors are a tenth of the spread.
        expect(Math.abs(excess), observable).toBeLessThan(4 * Math.max(shuffledSpread, error));
      }
      const { energy, occupancy } = judged.correlations;
      for (const { difference } of [energy, occupancy]) {
        expect(difference.rms).toBeLessThan(2 * difference.shuffledFloor.rms);
        expect(difference.largest).toBeLessThan(3 * difference.shuffledFloor.largest);
      }
      for (const tail of judged.tails) {
        const error = Math.hypot(tail.generatedError, tail.referenceError);
        expect(Math.abs(tail.generated - tail.reference), tail.observable).toBeLessThan(5 * error);
      }
      const { frechet, kernel, neighbours } = judged.distances;
      if (!frechet || !kernel || !neighbours) throw new Error("So many showers have all distances.");
      // The floor comes from halves, by a rule that holds to leading order.
      expect(Math.abs(frechet.generated.value / (frechet.floor as number) - 1)).toBeLessThan(0.3);
      expect(Math.abs(kernel.generated.value)).toBeLessThan(5 * (kernel.generated.error + kernel.alike.error));
      for (const name of ["precision", "recall", "coverage"] as const) {
        expect(Math.abs(neighbours.generated[name] - neighbours.alike[name]), name).toBeLessThan(0.08);
      }
      expect(Math.abs(neighbours.generated.density - neighbours.alike.density)).toBeLessThan(0.2);
    }
  });
});
