import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GeometryInvalidError, GeometryUnsupportedError } from "../errors.ts";
import { shippedFile } from "../shipped-file.ts";
import { type LayerBinning, parseBinning } from "./binning-xml.ts";

/** A shower of more voxels (4 MB) is a mistake in the file rather than a calorimeter: CaloChallenge's largest has 40,500. */
const MAX_VOXELS = 1e6;

/** Names of the geometries that come with Twinloom. */
export const SHIPPED_GEOMETRIES: readonly string[] = ["w-si-45"];

const Slab = z.strictObject({
  material: z.string().min(1).describe("Name, for people."),
  role: z.enum(["active", "passive"]).describe("active: its deposits are read out."),
  thicknessMm: z.number().positive(),
  densityGPerCm3: z.number().positive(),
  Z: z.number().positive().describe("Atomic number."),
  A: z.number().positive().describe("Atomic weight, g/mol."),
  radiationLengthGPerCm2: z.number().positive(),
});

const Material = z.strictObject({
  title: z.string().min(1),
  particle: z.string().min(1).describe('The `name` of the XML\'s Bin element, `"electron"`.'),
  slabs: z.array(Slab).min(2).describe("One stack, in the order a particle meets the slabs."),
  stacksPerLayer: z.int().positive().describe("Stacks in one voxel layer."),
  samplingFraction: z.number().positive().max(1).describe("Deposits in active slabs are divided by this."),
  readoutThresholdMeV: z
    .number()
    .positive()
    .describe("Voxels below this, before that division, read 0. Logarithmic spectra start here."),
});

/** One slab of material of a stack. */
export type Slab = z.infer<typeof Slab>;

/** A calorimeter of equal layers, each with cylindrical voxels about the axis of the particle. */
export interface CalorimeterGeometry {
  /** Name of a shipped geometry, or of the XML file. */
  readonly name: string;
  readonly title: string;
  /** Number of layers, alpha bins and rings: the shape of a shower, `[layer, alpha, r]`. */
  readonly shape: readonly [layer: number, alpha: number, r: number];
  /** Edges of the rings, mm, increasing. */
  readonly rEdgesMm: Float64Array;
  /** Depth of one voxel layer, mm. */
  readonly layerMm: number;
  /** One stack of slabs, in the order a particle meets them. */
  readonly slabs: readonly Slab[];
  readonly stacksPerLayer: number;
  /** Deposits in active slabs are divided by this, so that they add up to about the incident energy. */
  readonly samplingFraction: number;
  /** Voxels below this energy read 0, MeV after the division by the sampling fraction. */
  readonly thresholdMeV: number;
}

/**
 * Reads a geometry: binning from an XML file of CaloChallenge's format, material and readout from the JSON file of the
 * same name beside it (the XML format has no place for them).
 *
 * @param geometry - A name of {@link SHIPPED_GEOMETRIES}, or the path of an XML file.
 * @throws `TWIN_GEOMETRY_INVALID`, `TWIN_GEOMETRY_UNSUPPORTED`.
 */
export async function loadGeometry(geometry: string): Promise<CalorimeterGeometry> {
  const isFile = geometry.endsWith(".xml");
  if (!isFile && !SHIPPED_GEOMETRIES.includes(geometry)) {
    throw new GeometryInvalidError(
      `No geometry "${geometry}". Shipped: ${SHIPPED_GEOMETRIES.join(", ")}. For your own give the path of its .xml file.`,
    );
  }
  const xmlPath = isFile ? geometry : shippedFile(`geometries/${geometry}.xml`);
  const jsonPath = xmlPath.replace(/\.xml$/, ".json");
  const material = parseMaterial(await readText(jsonPath), jsonPath);
  const layers = parseBinning(await readText(xmlPath), { particle: material.particle, path: xmlPath });
  const first = layers[0] as LayerBinning;
  const odd = layers.findIndex((layer) => !sameBinning(layer, first));
  if (odd >= 0) {
    throw new GeometryUnsupportedError(
      `${xmlPath}: layer ${odd} is binned differently from layer 0. Showers are arrays [layer, alpha, r], so all layers need the same r_edges and n_bin_alpha.`,
    );
  }
  const shape = [layers.length, first.alphaBins, first.rEdgesMm.length - 1] as const;
  const voxels = shape[0] * shape[1] * shape[2];
  if (voxels > MAX_VOXELS) {
    throw new GeometryUnsupportedError(
      `${xmlPath}: ${shape.join(" x ")} (layer, alpha, r) are ${voxels} voxels; at most ${MAX_VOXELS} are supported.`,
    );
  }
  const stackMm = material.slabs.reduce((sum, slab) => sum + slab.thicknessMm, 0);
  return {
    name: geometry,
    title: material.title,
    shape,
    rEdgesMm: first.rEdgesMm,
    layerMm: stackMm * material.stacksPerLayer,
    slabs: material.slabs,
    stacksPerLayer: material.stacksPerLayer,
    samplingFraction: material.samplingFraction,
    thresholdMeV: material.readoutThresholdMeV / material.samplingFraction,
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new GeometryInvalidError(
      `Cannot read ${path}. A geometry is an .xml file (binning) and a .json file of the same name beside it (material, readout).`,
      { cause },
    );
  }
}

function parseMaterial(text: string, path: string): z.infer<typeof Material> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GeometryInvalidError(`${path} is not JSON: ${(cause as Error).message}.`, { cause });
  }
  const result = Material.safeParse(json);
  if (!result.success) throw new GeometryInvalidError(`${path}: ${z.prettifyError(result.error)}`);
  const roles = new Set(result.data.slabs.map((slab) => slab.role));
  if (roles.size !== 2) throw new GeometryInvalidError(`${path}: a stack needs active and passive slabs.`);
  return result.data;
}

function sameBinning(a: LayerBinning, b: LayerBinning): boolean {
  return (
    a.alphaBins === b.alphaBins &&
    a.rEdgesMm.length === b.rEdgesMm.length &&
    a.rEdgesMm.every((edge, i) => edge === b.rEdgesMm[i])
  );
}
