import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createTwin } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { calorimeter, gflash, type Validation } from "../../../thematic/detector/index.ts";
import { SAMPLE } from "./sample.ts";

const SEED = 7;
/** Folder of the reference showers; they are too large for the repository and lie beside it. */
const FOLDER =
  process.env["TWINLOOM_SHOWERS"] ?? fileURLToPath(new URL("../../../../shared/data/showers", import.meta.url));
const TEST_FILE = join(FOLDER, "showers-test.h5");
const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

/** GFLASH at the energies of reference showers, judged by them. */
async function judge(file: string, constants: "published" | "refitted"): Promise<Validation> {
  const plugins = { files: hdf5(), model: gflash({ constants }), detector: calorimeter() };
  await using twin = await createTwin({ name: "ecal", plugins });
  await using opened = await twin.files.open(file);
  const reference = await twin.detector.showers(opened);
  const simulated = await twin.detector.simulate({ energyMeV: reference.energyMeV, seed: SEED });
  return await twin.detector.validate(simulated, reference);
}

describe("GFLASH against full simulation", () => {
  it("refitted, follows the mean longitudinal profile of the sample within 10 % and its statistical errors", async () => {
    const { longitudinal, generated, reference, separation } = await judge(SAMPLE, "refitted");
    const important = longitudinal.filter(({ share }) => share > 0.01);
    expect(important.length).toBeGreaterThan(15);
    for (const { layer, ratio, ratioError } of important) {
      expect(Math.abs(ratio - 1), `layer ${layer}`).toBeLessThan(0.1 + 3 * ratioError);
    }
    expect(generated.response / reference.response).toBeCloseTo(1, 1);
    expect(generated.containment.occupied / reference.containment.occupied).toBeCloseTo(1, 1);
    for (const { observable, value, floor } of separation) {
      if (observable !== "voxel energy") expect(value, observable).toBeLessThan(3 * floor + 0.02);
    }
  });

  it("published, is farther from the sample than refitted", async () => {
    const [published, refitted] = [await judge(SAMPLE, "published"), await judge(SAMPLE, "refitted")];
    refitted.separation.forEach(({ observable, value }, row) => {
      expect(value, observable).toBeLessThan(published.separation[row]?.value as number);
    });
  });

  it.runIf(IS_LONG)(
    "meets its bar on the 10,000 test showers, and the numbers are kept",
    { timeout: 1_800_000 },
    async ({ skip }) => {
      skip(!existsSync(TEST_FILE), `No ${TEST_FILE}. Set TWINLOOM_SHOWERS to the folder that has it.`);
      const rows: Record<string, unknown> = {};
      for (const constants of ["published", "refitted"] as const) {
        const { histograms: _plots, ...numbers } = await judge(TEST_FILE, constants);
        rows[constants] = numbers;
        if (constants === "refitted") expect(numbers.worstLayer?.deviation).toBeLessThan(0.1);
      }
      const folder = new URL("../../../docs/measurements/", import.meta.url);
      await mkdir(folder, { recursive: true });
      const measured = {
        what: "GFLASH with published and with refitted constants against 10,000 showers of full simulation (EGSnrc, showers-test.h5) at the same incident energies; written by test/thematic/detector/egsnrc.test.ts",
        date: new Date().toISOString().slice(0, 10),
        seed: SEED,
        machine: {
          cpu: cpus()[0]?.model ?? "unknown",
          node: process.version,
          platform: `${process.platform} ${process.arch}`,
        },
        ...rows,
      };
      await writeFile(new URL("gflash-vs-egsnrc.json", folder), `${JSON.stringify(measured, shorten, 1)}\n`);
    },
  );
});

/** Six digits are more than the statistics hold; matrices of correlations are long, and their differences are told. */
function shorten(_key: string, value: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(value[0])) return undefined;
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
