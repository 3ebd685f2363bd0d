import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TrainingUnavailableError } from "../errors.ts";

/** Configurations that come with the recipe, each a file of its folder `configs`. */
export const CONFIGURATIONS = [
  ...["gan", "gan-cpu", "transformer", "transformer-cpu"],
  ...["smoke-gan", "smoke-transformer"],
] as const;

/** Where the recipe is, and what runs it. */
export interface Recipe {
  readonly folder: string;
  /** The interpreter, with all that the recipe needs. */
  readonly python: string;
}

/** Beside the sources; and from what is compiled of them, in the same repository. */
const PLACES = ["../training", "../../../../modules/fastsim/training"];

/**
 * The recipe of Twinloom's repository (or that in `TWINLOOM_TRAINING`), and Python: what is given, that in
 * `TWINLOOM_PYTHON`, or the environment that the recipe's `make-venv.sh` makes.
 *
 * @throws {@link TrainingUnavailableError} with the command that makes what is missing.
 */
export function findRecipe(given: string | undefined): Recipe {
  const named = process.env["TWINLOOM_TRAINING"];
  const places = named ? [named] : PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const folder = places.find((place) => existsSync(join(place, "twinloom_training", "__main__.py")));
  if (folder === undefined) {
    throw new TrainingUnavailableError(
      `The training recipe is not here (${places.join(", ")}): packages do not hold it. Check out Twinloom's repository and name its folder modules/fastsim/training in TWINLOOM_TRAINING.`,
    );
  }
  const own = join(folder, "..", "..", "..", ".venv-training", "bin", "python");
  const python = given ?? process.env["TWINLOOM_PYTHON"] ?? own;
  // A bare name is looked up where programs are.
  if (python.includes("/") && !existsSync(python)) {
    throw new TrainingUnavailableError(
      `The recipe needs Python with PyTorch, and there is no ${python}. Make it: sh ${join(folder, "make-venv.sh")}; or name an interpreter that has the packages of requirements.txt: TWINLOOM_PYTHON=/path/to/python.`,
    );
  }
  return { folder, python };
}
