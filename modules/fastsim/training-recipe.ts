import type { Digest } from "../../core/index.ts";
import type { ModelCard } from "./card-schema.ts";
import { hasModelCard, readModelCard, SHIPPED_MODELS, shippedModelCard } from "./shipped-model.ts";

/** How a generator is trained again, from the gentlest way on; plain JSON. */
export interface GeneratorTraining {
  /** The recipe, a folder of Twinloom's repository; null for a model without a card of it. */
  readonly recipe: string | null;
  /** To be tried in this order. `command`: with `{data}` and `{out}` for folders; null for what the recipe cannot do yet. */
  readonly rungs: readonly {
    readonly name: string;
    readonly what: string;
    readonly leastEvents: number | null;
    readonly command: readonly string[] | null;
    /** The same as parameters of the task {@link train}; null where it cannot do it. */
    readonly parameters: Readonly<Record<string, string>> | null;
  }[];
}

/** Training set of the shipped models, showers: less is not known to do. */
const TRAINED_ON = 34_000;

const BIASES = { leastEvents: 100, command: null, parameters: null };

/**
 * The ways to train a generator again, for the model in a file: by the card beside it, or that of the shipped model which it is. The
 * recipe cannot tune biases yet; that comes first because, of a generator that meets a new geometry, tuning the biases alone (17 %
 * of the parameters, 100 showers) was competitive with tuning all.
 *
 * @see Source: arXiv:2512.00187, for the order.
 */
export function generatorTraining(file: string, digest: Digest): GeneratorTraining {
  const card = cardOf(file, digest);
  if (!card) return { recipe: null, rungs: [] };
  const { family } = card;
  return {
    recipe: "modules/fastsim/training",
    rungs: [
      { name: "energy-biases", what: "biases of the network of layers' energies", ...BIASES },
      { name: "shape-biases", what: "biases of the network of shapes", ...BIASES },
      {
        name: "everything",
        what: "all weights, from the start",
        leastEvents: TRAINED_ON,
        command: [
          ...["python", "-m", "twinloom_training", "all", "--config", `configs/${family}-cpu.toml`],
          ...["--data", "{data}", "--out", "{out}"],
        ],
        parameters: { config: `${family}-cpu` },
      },
    ],
  };
}

function cardOf(file: string, digest: Digest): ModelCard | undefined {
  const isIts = ({ model }: ModelCard): boolean => `sha256:${model.sha256}` === digest;
  if (hasModelCard(file)) {
    const card = readModelCard(file.replace(/(\.onnx)?$/i, ".card.json"));
    if (isIts(card)) return card;
  }
  return SHIPPED_MODELS.map((name) => shippedModelCard(name)).find(isIts);
}
