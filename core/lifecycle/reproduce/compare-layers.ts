import type { JsonValue } from "../../canonical/json-value.ts";
import { ownValue } from "../../kernel/check-part.ts";
import type { RunRecord, StepRecord } from "../../run/run-record.ts";
import { namesOfBoth } from "../names-of-both.ts";
import { compareData } from "./compare-data.ts";
import { jsonDifferences, layer } from "./layer.ts";
import type { Difference, Layer, LayerComparison } from "./report.ts";

/** Compares, from the records alone, what two runs were made of. */
export function compareLayers(original: RunRecord, repeat: RunRecord): Record<Layer, LayerComparison> {
  const isSameVersion = original.version !== undefined && original.version === repeat.version;
  return {
    data: compareData(original, repeat),
    parameters: layer(jsonDifferences(parametersOf(original), parametersOf(repeat))),
    model: compareModels(original, repeat),
    spec: layer(jsonDifferences(specOf(original), specOf(repeat))),
    code: compareCode(original, repeat, isSameVersion),
    environment: compareEnvironments(original, repeat),
    platform: layer(jsonDifferences(platformOf(original), platformOf(repeat))),
  };
}

/** As the tasks saw them: a default that became another is another parameter. */
function parametersOf({ steps }: RunRecord): JsonValue {
  return eachStep(steps, ({ parameters }) => parameters);
}

function compareModels(original: RunRecord, repeat: RunRecord): LayerComparison {
  const [a, b] = [original.environment.models, repeat.environment.models];
  if (a === undefined || b === undefined) {
    const models = (known: typeof a): string | null => (known === undefined ? null : "recorded");
    return layer([], [{ what: "digests of the models", original: models(a), repeat: models(b) }]);
  }
  const unknown: Difference[] = [];
  const different: Difference[] = [];
  for (const part of namesOfBoth(a, b)) {
    const [one, other] = [ownValue(a, part), ownValue(b, part)];
    const difference = { what: modelName(part, one ?? other), original: digestOf(one), repeat: digestOf(other) };
    if (one === undefined || other === undefined || digestOf(one) !== digestOf(other)) different.push(difference);
    else if (one.digest === null) unknown.push(difference);
  }
  return layer(different, unknown);
}

type RecordedModel = NonNullable<RunRecord["environment"]["models"]>[string];

function modelName(part: string, model: RecordedModel | undefined): string {
  return model === undefined || model.name === part ? part : `${part} (${model.name})`;
}

function digestOf(model: RecordedModel | undefined): string | null {
  return model?.digest ?? null;
}

/**
 * What was composed, and what the plan's steps do with each other. Files of models are compared as models, files of the
 * plan as data; other plans of the twin do not matter.
 */
function specOf({ twin, plan, environment }: RunRecord): JsonValue {
  const { plugins = {}, wire = {} } = twin.spec as {
    readonly plugins?: Readonly<Record<string, JsonValue>>;
    readonly wire?: JsonValue;
  };
  const parts = Object.entries(plugins).map(([part, entry]) => [
    part,
    Object.hasOwn(environment.models ?? {}, part) ? withoutFiles(entry) : entry,
  ]);
  const steps = Object.entries(plan.steps).map(([name, { task, inputs = {} }]) => {
    const from = Object.entries(inputs).filter(([, input]) => typeof input === "string");
    return [name, { task, inputs: Object.fromEntries(from) as Record<string, string> }];
  });
  return { plugins: Object.fromEntries(parts), wire, plan: Object.fromEntries(steps) };
}

function withoutFiles(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (typeof value !== "object" || value === null) return value;
  if (Object.hasOwn(value, "artifact")) return { artifact: "model" };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutFiles(member)]));
}

/** Plugins by name and version. What is no package has no version that says what it does. */
function compareCode(original: RunRecord, repeat: RunRecord, isSameVersion: boolean): LayerComparison {
  if (isSameVersion) return layer([]);
  const { plugins: a } = original.environment;
  const { plugins: b } = repeat.environment;
  const different = jsonDifferences(a as JsonValue, b as JsonValue);
  const local = Object.keys(a).filter((part) => isLocal(original, part) || isLocal(repeat, part));
  const unknown = local.map((part) => ({ what: `${part}: code that is no package`, original: null, repeat: null }));
  return layer(different, unknown);
}

function isLocal({ twin, environment }: RunRecord, part: string): boolean {
  const { plugins = {} } = twin.spec as { readonly plugins?: Readonly<Record<string, { readonly use?: JsonValue }>> };
  const use = plugins[part]?.use;
  const isPath = typeof use === "string" && /^(\.{0,2}\/|file:|[A-Za-z]:)/.test(use);
  return isPath || environment.plugins[part]?.plugin === "twinloom#constant";
}

function compareEnvironments({ environment: a }: RunRecord, { environment: b }: RunRecord): LayerComparison {
  const facts = ({ engine, node, lock }: typeof a): JsonValue => ({ engine, node, lock: lock?.digest ?? "none" });
  const different = jsonDifferences(facts(a), facts(b));
  const noLock = [{ what: "packages: no lock file was found", original: null, repeat: null }];
  return layer(different, a.lock === null && b.lock === null ? noLock : []);
}

function platformOf({ environment: { os, cpu } }: RunRecord): JsonValue {
  return { os, cpu };
}

function eachStep(steps: RunRecord["steps"], of: (step: StepRecord) => JsonValue): JsonValue {
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, of(step)]));
}
