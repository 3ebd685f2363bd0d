import { createTwin } from "twinloom";
import { testGenerator } from "twinloom/testing";
import { gflash } from "twinloom/thematic/detector";
import { describe } from "vitest";

describe.for(["refitted", "published"] as const)("gflash with %s constants", (constants) => {
  testGenerator(async () => {
    const twin = await createTwin({ plugins: { shower: gflash({ constants }) } });
    return {
      generator: twin.shower,
      conditions: { incident_energy: Float64Array.of(1000, 2500, 10_000, 10_000, 50_000, 100_000) },
      dispose: () => twin.stop(),
    };
  });
});
