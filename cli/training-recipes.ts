import { Artifact, type Composition, digestFile } from "../core/index.ts";
import type { TrainingRecipe } from "../modules/adaptation/index.ts";
import { generatorTraining } from "../modules/fastsim/index.ts";

/** How the models of a twin are trained: of each part that has the file of a network among its options. */
export async function trainingRecipes({ plugins }: Composition): Promise<readonly TrainingRecipe[]> {
  const files = Object.entries(plugins).flatMap(([part, { options }]) =>
    Object.values(options ?? {}).flatMap((value) =>
      value instanceof Artifact && /\.onnx$/i.test(value.file) ? [{ part, file: value.file }] : [],
    ),
  );
  return await Promise.all(
    files.map(async ({ part, file }) => {
      const { digest } = await digestFile(file);
      return { part, file, digest, ...generatorTraining(file, digest) };
    }),
  );
}
