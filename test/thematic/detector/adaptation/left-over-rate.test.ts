import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import { attribute, normalScoreTable } from "../../../../modules/adaptation/index.ts";
import { drawn, FOLDER, gained, ganTwin, taken } from "./shower-features.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const SHOWERS = isLong ? 10_000 : 4000;
const SIZES = isLong
  ? [
      { reference: 3000, window: 1000, references: 80 },
      { reference: 20_000, window: 2500, references: 20 },
    ]
  : [{ reference: 3000, window: 1000, references: 3 }];
const STEPS = [
  { layer: 8, factor: 1.05 },
  { layer: 3, factor: 1.05 },
  { layer: 14, factor: 0.95 },
];

describe("a gain of one layer that has changed, full simulation, the GAN as the twin", () => {
  it.for(SIZES)(
    "is explained in windows of $window, with references of $reference",
    { timeout: 3_600_000 },
    async ({ reference, window, references }, { skip }) => {
      skip(
        !existsSync(join(FOLDER, "showers-test.h5")),
        `No showers in ${FOLDER}. Set TWINLOOM_SHOWERS to their folder.`,
      );
      await using twin = await ganTwin(isLong ? 4000 : 2000);
      const { adaptable } = twin;
      const showers = await twin.simulated("showers-test.h5", SHOWERS);
      const from = adaptable.current;
      let [unexplained, among] = [0, 0];
      for (let id = 0; id < references; id++) {
        const random = new RandomStream({ seed: 4711n, id: BigInt(id) });
        const normal = taken(showers, drawn(random, SHOWERS, reference));
        const expectation = await adaptable.expect(normal, from);
        const deviances = expectation.deviance(normal, from);
        const mean = deviances.reduce((total, each) => total + each, 0) / reference;
        const normalDeviance = { mean, table: normalScoreTable(deviances) };
        for (const { layer, factor } of STEPS) {
          const features = gained(taken(showers, drawn(random, SHOWERS, window)), factor, (each) => each === layer);
          const options = { from, referenceEvents: reference, normalDeviance };
          const { verdict, best } = attribute(adaptable, { expectation, features }, options);
          unexplained += Number(verdict === "unexplained");
          among += Number(best?.causes.includes(`gain of layer ${layer}`));
        }
      }
      expect(unexplained).toBeLessThanOrEqual(isLong ? 2 : 0);
      expect(among).toBeGreaterThanOrEqual(0.98 * references * STEPS.length);
    },
  );
});
