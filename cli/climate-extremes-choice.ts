import type { ClimateChoice } from "./climate-data.ts";
import { UsageError } from "./errors.ts";
import { kebab } from "./program.ts";

/** What was typed for `climate extremes`. */
export interface ExtremesChoice extends ClimateChoice {
  readonly kind: "block-maxima" | "peaks-over-threshold" | "events";
  readonly var?: string | undefined;
  readonly unit?: string | undefined;
  readonly tail?: "upper" | "lower" | undefined;
  readonly periods?: string | undefined;
  readonly confidence?: number | undefined;
  readonly interval?: "parametric" | "nonparametric" | "none" | undefined;
  readonly resamplings?: number | undefined;
  readonly seed?: bigint | undefined;
  readonly distribution?: "gev" | "gumbel" | undefined;
  readonly freq?: string | undefined;
  readonly incomplete?: string | undefined;
  readonly runDays?: number | undefined;
  readonly percentile?: number | undefined;
  readonly threshold?: number | undefined;
  readonly scorer?: string | undefined;
  readonly fitPeriod?: string | undefined;
  readonly anomaly?: "month" | "season" | "dayofyear" | "none" | undefined;
  readonly modes?: number | undefined;
  readonly bySeason: boolean;
  readonly gap?: number | undefined;
  readonly minSteps?: number | undefined;
  readonly modelOutput?: string | undefined;
  readonly modelUnit?: string | undefined;
  readonly modelOffset?: number | undefined;
  readonly modelScale?: number | undefined;
  readonly memory: number;
}

type Kind = ExtremesChoice["kind"];

const LEVELS: readonly Kind[] = ["block-maxima", "peaks-over-threshold"];
const PEAKS: readonly Kind[] = ["peaks-over-threshold", "events"];

/** Options that are not for all kinds. */
const OF_KINDS: readonly (readonly [keyof ExtremesChoice, readonly Kind[]])[] = [
  ...(["tail", "periods", "confidence", "interval", "resamplings", "seed", "unit"] as const).map(
    (name) => [name, LEVELS] as const,
  ),
  ...(["distribution", "freq", "incomplete"] as const).map((name) => [name, ["block-maxima"] as const] as const),
  ...(["percentile", "threshold"] as const).map((name) => [name, PEAKS] as const),
  ["runDays", ["peaks-over-threshold"]],
  ...(["scorer", "fitPeriod", "anomaly", "modes", "bySeason", "gap", "minSteps"] as const).map(
    (name) => [name, ["events"] as const] as const,
  ),
  ...(["modelOutput", "modelUnit", "modelOffset", "modelScale"] as const).map(
    (name) => [name, ["events"] as const] as const,
  ),
];

/** @throws `TWIN_USAGE` for options that have no meaning for what is asked for: they would do nothing, and nobody would know. */
export function checkKind(choice: ExtremesChoice): void {
  const isGiven = (name: keyof ExtremesChoice): boolean => choice[name] !== undefined && choice[name] !== false;
  for (const [name, kinds] of OF_KINDS) {
    if (!isGiven(name) || kinds.includes(choice.kind)) continue;
    throw new UsageError(`--${kebab(name)} is for --kind ${kinds.join(" and ")}; this is --kind ${choice.kind}.`);
  }
  if (isGiven("percentile") && isGiven("threshold")) {
    throw new UsageError("--percentile and --threshold are two ways to say where the threshold is. Give one of them.");
  }
  if (choice.percentile !== undefined && choice.percentile >= 100) {
    throw new UsageError(`--percentile ${choice.percentile}: it must be below 100.`);
  }
  if (choice.kind === "events") checkScorer(choice, isGiven);
}

/** What scores fields: `eof`, or a file. */
export function isNetwork({ scorer = "eof" }: Pick<ExtremesChoice, "scorer">): boolean {
  return /\.onnx$/i.test(scorer);
}

function checkScorer(choice: ExtremesChoice, isGiven: (name: keyof ExtremesChoice) => boolean): void {
  const { scorer = "eof" } = choice;
  if (scorer !== "eof" && !isNetwork(choice)) {
    throw new UsageError(`--scorer ${scorer}: write eof, or the path of a network that ends in .onnx.`);
  }
  const others = isNetwork(choice)
    ? (["modes"] as const)
    : (["modelOutput", "modelUnit", "modelOffset", "modelScale"] as const);
  const other = others.find(isGiven);
  if (other !== undefined) {
    throw new UsageError(`--${kebab(other)} is not for --scorer ${isNetwork(choice) ? "with a network" : "eof"}.`);
  }
}
