// The synthetic twin as a part that a twin.yaml names, for the real `twinloom` in a process of its own.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Adaptable, artifactOption, definePlugin, type PluginFactory } from "../../core/index.ts";
import { SyntheticTwin } from "../modules/adaptation/loop/synthetic-twin.ts";

const Options = z.strictObject({ calibration: artifactOption().optional() });

/** @param name - By which a twin.yaml names it. */
export function syntheticPlugin(name: string): PluginFactory<z.input<typeof Options>, Adaptable> {
  return definePlugin({
    name,
    version: "1.0.0",
    provides: Adaptable,
    options: Options,
    create: async (_needs, { calibration }) => {
      const twin = new SyntheticTwin();
      if (calibration) {
        const { conditions } = JSON.parse(await readFile(await calibration.verified(), "utf8"));
        await twin.apply(Float64Array.from(conditions));
      }
      return twin;
    },
  });
}
