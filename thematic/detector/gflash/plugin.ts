import { z } from "zod";
import { definePlugin, Generator, type PluginFactory } from "../../../core/index.ts";
import { effectiveMedium } from "../geometry/effective-medium.ts";
import { type CalorimeterGeometry, loadGeometry } from "../geometry/geometry.ts";
import { Gflash } from "./gflash.ts";
import { publishedConstants } from "./published.ts";
import { refittedConstants } from "./refitted.ts";

const Options = z.strictObject({
  geometry: z
    .string()
    .default("w-si-45")
    .describe("Name of a shipped geometry, or path of a binning .xml file with its .json beside it."),
  constants: z
    .enum(["refitted", "published"])
    .default("refitted")
    .describe(
      "published: the formulas of hep-ex/0001020 for the material of the geometry. refitted: fitted to full simulation of w-si-45; no other geometry.",
    ),
});

/** Options of {@link gflash}. */
export type GflashOptions = z.input<typeof Options>;

/**
 * GFLASH: parametrised electron showers in a sampling calorimeter, with sampling fluctuations.
 *
 * Condition `incident_energy` (MeV, 1,000 to 100,000); output `showers`, float32, MeV, `[event, layer, alpha, r]`.
 * Electrons only, at a right angle, on the axis. Seeded per event.
 *
 * @see G. Grindhammer, S. Peters, hep-ex/0001020; `docs/explanation/gflash.md` for what was refitted.
 *
 * @example
 * const twin = await createTwin({ name: "ecal", plugins: { fast: gflash({ constants: "published" }) } });
 */
export const gflash: PluginFactory<GflashOptions, Gflash> = definePlugin({
  name: "twinloom/thematic/detector#gflash",
  version: "0.1.0",
  provides: Generator,
  options: Options,
  create: async (_needs, { geometry: name, constants }) => createGflash(await loadGeometry(name), constants),
});

/**
 * GFLASH for a geometry.
 *
 * @throws `TWIN_GEOMETRY_UNSUPPORTED` for refitted constants and a geometry that they were not fitted to.
 */
export async function createGflash(
  geometry: CalorimeterGeometry,
  constants: "refitted" | "published",
): Promise<Gflash> {
  if (constants === "published") {
    return new Gflash("gflash-published", geometry, publishedConstants(effectiveMedium(geometry.slabs)));
  }
  return new Gflash("gflash", geometry, await refittedConstants(geometry));
}
