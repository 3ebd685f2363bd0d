import type { Dataset, Variable } from "../../../core/index.ts";

/** Unit for an axis; nothing where there is none, or it is 1. */
export function unitText({ unit }: Pick<Variable, "unit">): string | undefined {
  return unit === undefined || unit === "" || unit === "1" ? undefined : unit;
}

/** The long name of a variable, else its standard name, else its name. */
export function titleOf({ name, attributes }: Pick<Variable, "name" | "attributes">): string {
  const named = [attributes["long_name"], attributes["standard_name"]].find(
    (text) => typeof text === "string" && text.trim() !== "",
  );
  return typeof named === "string" ? named.trim().replaceAll("_", " ") : name;
}

/** Whether 0 is what is usual of a variable: an anomaly, a change, a standardised index. */
export function isAroundZero({ name, attributes }: Pick<Variable, "name" | "attributes">): boolean {
  const words = [name, attributes["long_name"], attributes["standard_name"]].filter((text) => typeof text === "string");
  return words.some((text) => /anomal|standardi[sz]ed|^spe?i[\d_-]*$|\bchange\b|\bbias\b|trend/i.test(text));
}

/** What a dataset says of a variable, in sentences. */
export function variableText(dataset: Dataset, { dims, shape, attributes }: Variable): string {
  const comment = attributes["comment"] ?? (dataset.attributes["comment"] as unknown);
  const methods = attributes["cell_methods"];
  const size = dims.map((dim, i) => `${dim} ${shape[i]}`).join(" × ");
  return [
    ...(typeof comment === "string" ? [sentence(comment)] : []),
    ...(typeof methods === "string" ? [`cell_methods: ${methods}.`] : []),
    `Dimensions: ${size}.`,
  ].join(" ");
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
