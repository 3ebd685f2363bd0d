import { readFile } from "node:fs/promises";
import { z } from "zod";
import { checkSchema, FileNotFoundError } from "../../../core/index.ts";
import { EvidenceInvalidError, EvidenceMismatchError } from "../errors.ts";

const NO_FLOOR = "no judge was tried on two sets of the reference, so it is not known what it makes of equal sets";
const SCHEMA = "twinloom.evidence/1";

const Digest = z.string().regex(/^[0-9a-f]{64}$/, "Expected 64 hexadecimal digits");
const Area = z.number().min(0).max(1);

const Sample = z.looseObject({
  file: z.string(),
  content_sha256: Digest,
  showers: z.int().min(1),
  rows: z.tuple([z.int().min(0), z.int().min(1)]),
});

const Judge = z
  .looseObject({
    judge: z.enum(["network", "trees"]),
    features: z.enum(["low", "high"]),
    counts: z.looseObject({ train: z.int().min(1), test: z.int().min(1), validation: z.int().min(1) }),
    repetitions: z.int().min(1),
    auc: z.looseObject({ mean: Area, std: z.number().min(0).nullable(), values: z.array(Area).min(1) }),
    auc_sigma: z.number().min(0),
  })
  .superRefine(({ auc, repetitions }, context) => {
    const problem = (path: string[], message: string): void => {
      context.addIssue({ code: "custom", path, message });
    };
    if (auc.values.length !== repetitions)
      problem(["auc", "values"], `Expected ${repetitions} values, one per repetition`);
    const mean = auc.values.reduce((sum, value) => sum + value, 0) / auc.values.length;
    if (Math.abs(mean - auc.mean) > 1e-6) problem(["auc", "mean"], `The mean of the values is ${mean}`);
  });

const Fields = z.looseObject({
  schema: z.literal(SCHEMA),
  name: z.string(),
  model: z.looseObject({ file: z.string(), sha256: Digest }).nullable(),
  generated: Sample,
  reference: Sample,
  comparison: z.looseObject({ per_class: z.int().min(1), energies: z.string(), cut_mev: z.number().min(0) }),
  judges: z.array(Judge).min(1),
  floor: z.looseObject({ sample: Sample, judges: z.array(Judge).min(1) }).nullable(),
  limits: z.array(z.string()),
  made: z.looseObject({
    date: z.string(),
    command: z.string(),
    code: z.looseObject({ sha256: Digest }),
    versions: z.record(z.string(), z.string()),
    hardware: z.record(z.string(), z.unknown()),
  }),
});
const EvidenceFile = Fields.superRefine(({ judges, floor, comparison, generated, reference }, context) => {
  const problem = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: "custom", path, message });
  };
  const most = Math.min(generated.showers, reference.showers);
  if (comparison.per_class > most) problem(["comparison", "per_class"], `The smaller set has ${most} showers`);
  const kinds = judges.map(({ judge, features }) => `${judge}/${features}`);
  for (const [index, { counts, judge, features }] of judges.entries()) {
    const at = ["judges", index];
    if (kinds.indexOf(`${judge}/${features}`) !== index) problem(at, `A second ${judge}/${features}`);
    if (counts.train + counts.test + counts.validation > comparison.per_class) {
      problem([...at, "counts"], `More than the ${comparison.per_class} showers of a class`);
    }
    const same = floor?.judges.find((one) => one.judge === judge && one.features === features);
    // Areas grow with the number of showers, so a floor of other numbers is none.
    if (same && same.counts.train !== counts.train) {
      problem([...at, "counts"], `The floor was trained with ${same.counts.train} showers`);
    }
  }
});

/** Evidence as it is stored: what the training recipe writes. */
export type StoredEvidence = z.output<typeof EvidenceFile>;

/** Evidence that fits the two sets it is shown beside. */
export interface Evidence {
  readonly name: string;
  /** Digest of the model file; `null` for what has none. */
  readonly modelSha256: string | null;
  /** Of each set in one training: part of it trains the classifier, part chooses it, part is judged. */
  readonly showersPerSet: number;
  readonly judges: readonly ClassifierVerdict[];
  /** The best classifier for each kind of features: the numbers to quote. */
  readonly highest: readonly { readonly features: "low" | "high"; readonly auc: number; readonly judge: string }[];
  /** How the protocol differs from the published one. */
  readonly limits: readonly string[];
  readonly made: { readonly date: string; readonly command: string; readonly codeSha256: string };
}

/** Area under the ROC curve of one kind of classifier: 0.5 for showers that it cannot tell apart, 1 for all told apart. */
export interface ClassifierVerdict {
  readonly judge: "network" | "trees";
  /** `low`: voxels; `high`: the 362 features. */
  readonly features: "low" | "high";
  /** Mean over the repetitions. */
  readonly auc: number;
  /** Standard deviation over the repetitions; `null` for one. */
  readonly deviation: number | null;
  /** Standard error of the area for equal sets of this size. */
  readonly sigma: number;
  readonly repetitions: number;
  /** Showers of each set that the area was computed from. */
  readonly validation: number;
  /** The same between two sets of the reference's simulation. */
  readonly floor: { readonly auc: number; readonly deviation: number | null } | null;
}

/** What evidence must be about. */
export interface EvidenceSubject {
  readonly generated: { readonly count: number; readonly digest: string };
  readonly reference: { readonly count: number; readonly digest: string };
  readonly thresholdMeV: number;
}

/**
 * Reads evidence.
 *
 * @param value - The JSON of an evidence file.
 * @throws `TWIN_EVIDENCE_INVALID` when it is not of the form that the training recipe writes.
 */
export function parseEvidence(value: unknown): StoredEvidence {
  const result = checkSchema(EvidenceFile, value);
  if (result.problems) throw new EvidenceInvalidError(result.problems);
  return result.value;
}

/**
 * The JSON of an evidence file, not yet checked.
 *
 * @throws `TWIN_FILE_NOT_FOUND`; `TWIN_EVIDENCE_INVALID` when it is not JSON.
 */
export async function readEvidence(path: string, signal?: AbortSignal): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", ...(signal && { signal }) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FileNotFoundError(path, { cause: error });
    throw error;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new EvidenceInvalidError([{ path: [], message: `"${path}" is not JSON: ${(error as Error).message}` }]);
  }
}

/**
 * Checks that evidence is about these two sets, and takes out what is shown.
 *
 * @throws `TWIN_EVIDENCE_MISMATCH` naming what differs: a set's showers or their number, the cut.
 */
export function checkEvidence(stored: StoredEvidence, subject: EvidenceSubject): Evidence {
  for (const side of ["generated", "reference"] as const) {
    const told = stored[side];
    const given = subject[side];
    if (told.showers !== given.count) {
      throw new EvidenceMismatchError(
        side,
        `has ${told.showers} showers ("${told.file}"), and the file given ${given.count}`,
      );
    }
    if (told.content_sha256 !== given.digest) {
      throw new EvidenceMismatchError(
        side,
        `has the content ${shortened(told.content_sha256)} ("${told.file}"), and the file given ${shortened(given.digest)}`,
      );
    }
    if (told.rows[0] >= told.rows[1] || told.rows[1] > told.showers) {
      throw new EvidenceMismatchError(side, `used rows ${told.rows[0]} to ${told.rows[1]} of ${told.showers}`);
    }
  }
  const cut = stored.comparison.cut_mev;
  if (Math.abs(cut - subject.thresholdMeV) > 1e-6 * subject.thresholdMeV) {
    throw new EvidenceMismatchError("cut", `was ${cut} MeV, and the geometry's is ${subject.thresholdMeV} MeV`);
  }
  const judges = stored.judges.map((judge): ClassifierVerdict => {
    const floor = stored.floor?.judges.find((one) => one.judge === judge.judge && one.features === judge.features);
    return {
      judge: judge.judge,
      features: judge.features,
      auc: judge.auc.mean,
      deviation: judge.auc.std,
      sigma: judge.auc_sigma,
      repetitions: judge.repetitions,
      validation: judge.counts.validation,
      floor: floor ? { auc: floor.auc.mean, deviation: floor.auc.std } : null,
    };
  });
  const highest = (["low", "high"] as const).flatMap((features) => {
    const [best] = judges.filter((one) => one.features === features).sort((a, b) => b.auc - a.auc);
    return best ? [{ features, auc: best.auc, judge: best.judge }] : [];
  });
  return {
    name: stored.name,
    modelSha256: stored.model?.sha256 ?? null,
    showersPerSet: stored.comparison.per_class,
    judges,
    highest,
    // As parts of sentences, whichever way they were written.
    limits: (stored.floor ? stored.limits : [...stored.limits, NO_FLOOR]).map((limit) => limit.replace(/\.$/, "")),
    made: { date: stored.made.date, command: stored.made.command, codeSha256: stored.made.code.sha256 },
  };
}

function shortened(digest: string): string {
  return `${digest.slice(0, 12)}…`;
}
