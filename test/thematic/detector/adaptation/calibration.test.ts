import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Adaptable, artifact, constant, createTwin, Generator } from "../../../../core/index.ts";
import { type AdaptableDetectorOptions, adaptableDetector } from "../../../../thematic/detector/index.ts";
import { toyAdaptable, toyGenerator } from "./toy-showers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-calibration-"));
});
afterEach(() => rm(folder, { recursive: true }));

const CONDITIONS = Float64Array.of(0.9, -0.02, 1, 1, 1.1, 1, 2, 1, 1.5);

async function twinUnder(calibration: unknown, options: AdaptableDetectorOptions = {}): Promise<Adaptable> {
  const file = join(folder, "calibration.json");
  await writeFile(file, typeof calibration === "string" ? calibration : JSON.stringify(calibration));
  const adaptable = adaptableDetector({ layers: 6, calibration: artifact(file), ...options });
  return (await createTwin({ plugins: { toy: constant(Generator, toyGenerator), adaptable } })).adaptable;
}

describe("the calibration that a detector begins with", () => {
  it("is the one that it gave", async () => {
    const calibration = (await toyAdaptable()).calibration(CONDITIONS);
    const adaptable = await twinUnder(calibration);
    adaptable.current.forEach((value, i) => {
      expect(value).toBeCloseTo(CONDITIONS[i] as number, 14);
    });
    expect(adaptable.conditions[0]?.initial).toBe(1);
    // Where all layers are looked at, nothing tells the common gain from theirs.
    const all = await twinUnder(calibration, { layers: 45 });
    expect(all.calibration(all.current)).toEqual(calibration);
  });

  it.each([
    ["no JSON", () => "{"],
    ["of another geometry", (given: object) => ({ ...given, geometry: "other" })],
    ["without the thickness", (given: object) => ({ ...given, absorberMm: undefined })],
    ["outside the bounds", (given: object) => ({ ...given, absorberMm: 1.7 })],
  ])("is refused when it is %s", async (_, change) => {
    const calibration = (await toyAdaptable()).calibration(CONDITIONS) as object;
    await expect(twinUnder(change(calibration))).rejects.toThrow(/calibration|absorber thickness/i);
  });
});
