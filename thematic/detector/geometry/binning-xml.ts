import { XMLParser, XMLValidator } from "fast-xml-parser";
import { z } from "zod";
import { GeometryInvalidError } from "../errors.ts";

/** Voxels of one layer. */
export interface LayerBinning {
  /** Edges of the rings, mm, increasing from 0 or more. */
  readonly rEdgesMm: Float64Array;
  /** Equal bins in alpha; bin 0 starts at -π. */
  readonly alphaBins: number;
}

const Attribute = z.string();
const Layer = z.object({ "@id": Attribute, "@r_edges": Attribute, "@n_bin_alpha": Attribute });
const Bin = z.object({ "@name": Attribute, Layer: z.array(Layer).min(1) });
const Document = z.object({ Bins: z.object({ Bin: z.array(Bin).min(1) }) });

/**
 * Reads the binning of one particle from CaloChallenge's XML format.
 *
 * @param xml - `<Bins><Bin name="electron"><Layer id="0" r_edges="0,4.65,…" n_bin_alpha="16"/>…`; lengths in mm.
 *   Layers may be binned differently; those with a single edge or none (no voxels) are refused.
 * @throws `TWIN_GEOMETRY_INVALID`.
 * @see CaloChallenge `code/XMLHandler.py`, `binning_dataset_2.xml`.
 */
export function parseBinning(
  xml: string,
  options: { readonly particle: string; readonly path: string },
): readonly LayerBinning[] {
  const { particle, path } = options;
  const valid = XMLValidator.validate(xml);
  if (valid !== true) {
    throw new GeometryInvalidError(`${path}:${valid.err.line}:${valid.err.col}: not XML: ${valid.err.msg}`);
  }
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    parseAttributeValue: false,
    // Nothing in a binning needs entities, and a few lines of them can expand without bound.
    processEntities: false,
    isArray: (name) => name === "Bin" || name === "Layer",
  });
  const parsed = Document.safeParse(parser.parse(xml));
  if (!parsed.success) {
    throw new GeometryInvalidError(
      `${path} is not a CaloChallenge binning file (<Bins><Bin><Layer id r_edges n_bin_alpha/>): ${z.prettifyError(parsed.error)}`,
    );
  }
  const bins = parsed.data.Bins.Bin;
  const bin = bins.find((candidate) => candidate["@name"] === particle);
  if (!bin) {
    throw new GeometryInvalidError(
      `${path} has no <Bin name="${particle}">; it has ${bins.map((candidate) => `"${candidate["@name"]}"`).join(", ")}.`,
    );
  }
  return bin.Layer.map((layer, index) => parseLayer(layer, index, path));
}

function parseLayer(layer: z.infer<typeof Layer>, index: number, path: string): LayerBinning {
  const where = `${path}: layer ${index}`;
  if (numberOf(layer["@id"]) !== index) {
    throw new GeometryInvalidError(`${where} has id="${layer["@id"]}"; ids must count up from 0.`);
  }
  const rEdgesMm = Float64Array.from(layer["@r_edges"].split(","), numberOf);
  const increasing = rEdgesMm.every(
    (edge, i) => edge >= 0 && edge < Number.POSITIVE_INFINITY && (i === 0 || edge > (rEdgesMm[i - 1] as number)),
  );
  if (rEdgesMm.length < 2 || !increasing) {
    throw new GeometryInvalidError(
      `${where}: r_edges="${layer["@r_edges"]}" must be two or more increasing numbers, mm.`,
    );
  }
  const alphaBins = numberOf(layer["@n_bin_alpha"]);
  if (!Number.isInteger(alphaBins) || alphaBins < 1) {
    throw new GeometryInvalidError(`${where}: n_bin_alpha="${layer["@n_bin_alpha"]}" must be an integer of 1 or more.`);
  }
  return { rEdgesMm, alphaBins };
}

/** A decimal number; NaN for anything else, an empty text too, which `Number` takes for 0. */
function numberOf(text: string): number {
  return /^\s*[+-]?[\d.]+(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
}
