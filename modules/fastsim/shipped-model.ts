import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Artifact, artifact, checkSchema, describeNames } from "../../core/index.ts";
import { ModelCard } from "./card-schema.ts";
import { ShippedModelError } from "./errors.ts";

/** Names of the generators that come with Twinloom, from the fastest to the most faithful. */
export const SHIPPED_MODELS: readonly string[] = ["gan", "transformer", "transformer-quality"];

/**
 * The ONNX file of a generator that comes with Twinloom. Its digest is that of its card, and is checked when it is used.
 *
 * @param name - One of {@link SHIPPED_MODELS}.
 * @throws `TWIN_SHIPPED_MODEL` for another name, or where the installation lacks the file.
 *
 * @example
 * createTwin({ plugins: { network: onnx({ file: shippedModel("gan") }), shower: fastsim(), detector: calorimeter() } });
 */
export function shippedModel(name: string): Artifact {
  return modelWithCard(shippedPath(name));
}

/** The card of a generator that comes with Twinloom. @throws `TWIN_SHIPPED_MODEL` */
export function shippedModelCard(name: string): ModelCard {
  return readModelCard(cardPath(shippedPath(name)));
}

/**
 * An ONNX file with the digest that the card beside it states: `showers.onnx` has `showers.card.json`.
 *
 * @throws `TWIN_SHIPPED_MODEL` where either is missing, or the card is none.
 */
export function modelWithCard(file: string): Artifact {
  if (!existsSync(file)) throw new ShippedModelError(`There is no model ${file}.`);
  return artifact(file, { digest: `sha256:${readModelCard(cardPath(file)).model.sha256}` });
}

/** Whether a card lies beside an ONNX file: whether {@link modelWithCard} can check it. */
export function hasModelCard(file: string): boolean {
  return existsSync(cardPath(file));
}

/** Reads a card. @throws `TWIN_SHIPPED_MODEL` where it is missing or none. */
export function readModelCard(file: string): ModelCard {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new ShippedModelError(`Cannot read the model card ${file}: ${(cause as Error).message}.`, { cause });
  }
  const checked = checkSchema(ModelCard, value);
  if (!checked.problems) return checked.value;
  const lines = checked.problems.map(({ path, message }) => `  - ${path.join(".")}: ${message}`);
  throw new ShippedModelError(`${file} is no model card:\n${lines.join("\n")}`);
}

function shippedPath(name: string): string {
  if (!SHIPPED_MODELS.includes(name)) {
    throw new ShippedModelError(`Twinloom ships no model "${name}". ${describeNames(name, SHIPPED_MODELS)}`);
  }
  const path = fileURLToPath(new URL(`models/${name}.onnx`, import.meta.url));
  if (existsSync(path)) return path;
  throw new ShippedModelError(
    `The model "${name}" is missing from this installation (${path}). Install twinloom again.`,
  );
}

function cardPath(file: string): string {
  return file.replace(/(\.onnx)?$/i, ".card.json");
}
