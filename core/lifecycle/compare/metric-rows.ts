import type { Attestation, VersionConfig } from "../schema.ts";

/** A number that a model's card or a validation says of two versions. */
export interface MetricRow {
  readonly source: "card" | "validation";
  /** The part that has the model; of a card only. */
  readonly part?: string;
  readonly metric: string;
  /** Of the first version; `null` where it was not measured. */
  readonly a: number | null;
  readonly b: number | null;
}

/** What is measured of a version. */
export interface Measured {
  readonly config: Pick<VersionConfig, "models">;
  /** Of this version, the oldest first. */
  readonly attestations: readonly Pick<Attestation, "kind" | "metrics">[];
}

/** The metrics of two versions side by side, the equal ones too: of cards by part, then of validations. */
export function metricRows(a: Measured, b: Measured): readonly MetricRow[] {
  const parts = [...new Set([a, b].flatMap(({ config }) => config.models.map(({ part }) => part)))];
  return [
    ...parts.flatMap((part) => rows({ source: "card", part }, metricsOfCards(a, part), metricsOfCards(b, part))),
    ...rows({ source: "validation" }, validationMetrics(a), validationMetrics(b)),
  ];
}

type Metrics = ReadonlyMap<string, number>;

function metricsOfCards({ config }: Measured, part: string): Metrics {
  const models = config.models.filter((model) => model.part === part);
  const named = (metric: string, path: string): string => (models.length > 1 ? `${path}: ${metric}` : metric);
  return new Map(
    models.flatMap(({ path, metrics = {} }) =>
      Object.entries(metrics).map(([metric, value]) => [named(metric, path), value] as const),
    ),
  );
}

/** Of each metric the newest validation that has it counts, as for a policy. */
function validationMetrics({ attestations }: Measured): Metrics {
  const validations = attestations.filter(({ kind }) => kind === "validation");
  return new Map(validations.flatMap(({ metrics }) => Object.entries(metrics)));
}

function rows(of: Pick<MetricRow, "source" | "part">, a: Metrics, b: Metrics): readonly MetricRow[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].sort((one, other) => (one < other ? -1 : 1));
  return names.map((metric) => ({ ...of, metric, a: a.get(metric) ?? null, b: b.get(metric) ?? null }));
}
