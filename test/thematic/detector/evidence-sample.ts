/** A set of showers as evidence names it. */
export interface NamedSet {
  readonly file: string;
  readonly digest: string;
  readonly showers: number;
}

function judge(kind: "network" | "trees", features: "low" | "high", values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    judge: kind,
    features,
    inputs: features === "low" ? 6481 : 362,
    counts: { train: 12, test: 4, validation: 4 },
    repetitions: values.length,
    seeds: values.map((_, index) => index),
    auc: { mean, std: 0.01, values },
    auc_sigma: 0.2,
  };
}

function sampleOf({ file, digest, showers }: NamedSet) {
  return { file, bytes: 1, sha256: "0".repeat(64), content_sha256: digest, showers, rows: [0, showers] };
}

/** Evidence of the form that the training recipe writes, with invented areas. */
export function evidenceAbout(generated: NamedSet, reference: NamedSet) {
  return {
    schema: "twinloom.evidence/1",
    name: "gan",
    model: { file: "gan.onnx", sha256: "1".repeat(64) },
    generated: sampleOf(generated),
    reference: sampleOf(reference),
    comparison: { per_class: 20, blocks: 1, energies: "equal", cut_mev: 0.5e-3 / 0.033 },
    judges: [
      judge("network", "low", [0.89, 0.91]),
      judge("trees", "low", [0.8]),
      judge("network", "high", [0.85]),
      judge("trees", "high", [0.94, 0.96]),
    ],
    distances: {},
    floor: {
      sample: sampleOf(reference),
      energies: "independent",
      judges: [judge("network", "low", [0.5]), judge("trees", "low", [0.51]), judge("network", "high", [0.49])],
      distances: {},
    },
    limits: ["float32 instead of float64"],
    made: {
      date: "2026-11-21T15:00:00Z",
      seconds: 1,
      command: "python -m twinloom_training evidence",
      code: { package: "twinloom_training", sha256: "2".repeat(64) },
      versions: { python: "3.11.2" },
      hardware: { cpu: "any", cores: 2 },
    },
  };
}
