import {
  Artifact,
  type Composition,
  type Digest,
  namedNumbers,
  readNoted,
  type TwinStore,
  type VersionEntry,
} from "../core/index.ts";
import { hasModelCard, type ModelCard, readModelCard } from "../modules/fastsim/index.ts";
import type { Servable } from "../modules/serving/index.ts";
import { isModelFile } from "./onnx-file.ts";

/**
 * Adds to models and generators what their cards say was measured of them: the property `metrics`, JSON of named numbers. A
 * card counts where it is about the very file that computes.
 */
export function withMetrics(servables: readonly Servable[], composition: Composition): readonly Servable[] {
  const cards = new Map(cardsOf(composition).map((card) => [`sha256:${card.model.sha256}`, card]));
  return servables.map((servable) => {
    const digest = servable.model?.digest ?? servable.generator?.facts?.["model_digest"];
    const card = cards.get(String(digest));
    if (card === undefined) return servable;
    const metrics = JSON.stringify(namedNumbers(card.metrics));
    return { ...servable, properties: { metrics, ...servable.properties } };
  });
}

/** The cards beside the model files that a composition names. */
function cardsOf({ plugins }: Composition): readonly ModelCard[] {
  const values = Object.values(plugins).flatMap(({ options }) => Object.values(options));
  const files = values.flatMap((value) =>
    value instanceof Artifact ? [value.file] : typeof value === "string" ? [value] : [],
  );
  return files
    .filter((file) => isModelFile(file) && hasModelCard(file))
    .flatMap((file) => {
      try {
        return [readModelCard(file.replace(/\.onnx$/i, ".card.json"))];
      } catch {
        // Somebody else's card: nothing that it says is told.
        return [];
      }
    });
}

/** What the newest validation of a version measured, as the property `validation`; nothing where there is none. */
export async function validationOf(
  store: TwinStore,
  { twin, digest }: VersionEntry,
): Promise<Readonly<Record<string, string>>> {
  const { attestations } = await store.log(twin).read();
  const entry = attestations.get(digest as Digest)?.findLast(({ kind }) => kind === "validation");
  if (entry === undefined) return {};
  const { verdict, metrics } = await readNoted(store.objects, digest, entry);
  return { validation: JSON.stringify({ verdict, metrics }) };
}
