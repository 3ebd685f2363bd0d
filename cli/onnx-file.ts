import { basename, resolve } from "node:path";
import { type Artifact, ArtifactChangedError, type Digest, describeNames } from "../core/index.ts";
import { hasModelCard, modelWithCard, SHIPPED_MODELS, shippedModel } from "../modules/fastsim/index.ts";
import { describeOnnx, type OnnxFile } from "../modules/onnx/index.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { isRemote } from "./open-file.ts";

/** Whether the name of a model is that of an ONNX file. */
export function isModelFile(model: string): boolean {
  return /\.onnx$/i.test(model);
}

/** Whether it is the name of a model that comes with Twinloom. */
export function isShippedModel(model: string): boolean {
  return SHIPPED_MODELS.includes(model);
}

/**
 * The ONNX file that was typed: a path, or the name of a model that comes with Twinloom.
 *
 * @param typed - What was typed, with the option it was typed for, and what else it may be there.
 * @returns With the digest of its card, where it has one: a card says which bytes it is about, and others are refused.
 * @throws `TWIN_USAGE` for a URL, or a name that there is not.
 */
export function onnxFile(
  model: string,
  { cwd, as, others = [] }: { readonly cwd: string; readonly as: string; readonly others?: readonly string[] },
): string | Artifact {
  if (isModelFile(model)) {
    if (isRemote(model)) {
      throw new UsageError(
        `${as}: this command takes local files. Download it first, or name the URL in a twin.yaml, with its digest.`,
      );
    }
    const path = resolve(cwd, model);
    return hasModelCard(path) ? modelWithCard(path) : path;
  }
  if (isShippedModel(model)) return shippedModel(model);
  const known = [...others, ...SHIPPED_MODELS];
  throw new UsageError(
    `${as}: there is no such model. ${describeNames(model, known)} Or give the path of an ONNX file, ending in .onnx.`,
  );
}

/** What an ONNX file tells about itself, under a name for whoever serves it. */
export interface DescribedModel extends OnnxFile {
  readonly name: string;
  readonly file: string;
  readonly digest: Digest;
}

/** Looks into the ONNX file that was typed. @throws `TWIN_USAGE`, `TWIN_ARTIFACT_CHANGED`, what `describeOnnx` throws. */
export async function describeModel(
  typed: string,
  { cwd, signal }: Pick<CommandIo, "cwd" | "signal">,
): Promise<DescribedModel> {
  const found = onnxFile(typed, { cwd, as: typed });
  const file = typeof found === "string" ? found : found.file;
  const facts = await describeOnnx(file, { signal });
  if (typeof found !== "string" && found.digest !== undefined && found.digest !== facts.digest) {
    throw new ArtifactChangedError(file, found.digest, facts.digest);
  }
  return { ...facts, name: modelName(typed), file };
}

/** What a model is called: the name of one that comes with Twinloom, or that of its file without the ending. */
export function modelName(typed: string): string {
  return basename(typed).replace(/\.onnx$/i, "");
}
