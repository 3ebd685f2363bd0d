import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GeometryUnsupportedError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { shippedFile } from "../shipped-file.ts";
import { GflashConstants } from "./constants.ts";

const RefittedFile = z.object({ geometry: z.string(), constants: GflashConstants });

/**
 * Constants fitted to full simulation of one geometry (`constants/<geometry>.json`, written by
 * `scripts/refit-gflash.ts`; the file says from what data).
 *
 * @throws `TWIN_GEOMETRY_UNSUPPORTED` for a geometry without such a file.
 */
export async function refittedConstants(geometry: CalorimeterGeometry): Promise<GflashConstants> {
  if (!REFITTED_GEOMETRIES.includes(geometry.name)) {
    throw new GeometryUnsupportedError(
      `GFLASH has refitted constants for ${REFITTED_GEOMETRIES.join(", ")}, not for "${geometry.name}". Use constants: "published", which follow from the material.`,
    );
  }
  const path = shippedFile(`gflash/constants/${geometry.name}.json`);
  return RefittedFile.parse(JSON.parse(await readFile(path, "utf8"))).constants;
}

const REFITTED_GEOMETRIES: readonly string[] = ["w-si-45"];
