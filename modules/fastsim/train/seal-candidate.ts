import { dirname, join, resolve } from "node:path";
import {
  Artifact,
  artifact,
  type Composition,
  InvalidArgumentError,
  keepRun,
  type Plugin,
  type RunRecord,
  readRunRecord,
  type SealOptions,
  type SealResult,
  type StepRecord,
  sealVersion,
  type TwinStore,
} from "../../../core/index.ts";
import { readModelCard } from "../shipped-model.ts";

/** Annotation of a version whose model was trained: digest of the record of the run that did. */
export const TRAINED_BY = "trainedBy";

/** What {@link sealCandidate} seals. */
export interface SealCandidateOptions extends Pick<SealOptions, "alias" | "reason" | "actor" | "signal"> {
  /** Folder of a run of the task `train`, or of a plan with one such step. */
  readonly run: string;
  /** Part whose network is replaced; the only one that has an ONNX file by default. */
  readonly part?: string | undefined;
}

/** What {@link sealCandidate} did. */
export interface SealedCandidate extends SealResult {
  readonly part: string;
  /** Digest of the record of the run that trained the model. */
  readonly trainedBy: RunRecord["digest"];
}

/**
 * Seals a twin with the model that a run has trained in the place of its own: a version like any other, a revision of the one it
 * comes from. It is not promoted, and the card's own numbers are no evidence for that: its gate asks as it does of others.
 * Sealing it again changes nothing.
 *
 * @param composition - The twin as it is: of `loadVersion`, or of a twin.yaml.
 * @throws `TWIN_INVALID_ARGUMENT` for a run that trained nothing, a card of another model, a part without an ONNX file;
 *   `TWIN_ARTIFACT_CHANGED` for files that are not as the run wrote them; `TWIN_RUN_RECORD_DAMAGED`; as `sealVersion`.
 *
 * @example
 * const { composition } = await loadVersion(store, "ecal@champion");
 * const { entry } = await sealCandidate(store, composition, { run: "runs/train-1" });
 * entry.state; // => "sealed"
 */
export async function sealCandidate(
  store: TwinStore,
  composition: Composition,
  options: SealCandidateOptions,
): Promise<SealedCandidate> {
  const { run, alias, actor, signal } = options;
  const record = await readRunRecord(run);
  const folder = run.endsWith(".json") ? dirname(resolve(run)) : resolve(run);
  const model = await trainedModel(record, folder, signal);
  const { part, option } = partOf(composition, options.part);
  const plugin = composition.plugins[part] as Plugin;
  const trained = { ...plugin, options: { ...plugin.options, [option]: model } };
  const { restoredFrom, ...rest } = composition;
  const sealed = await sealVersion(
    store,
    { ...rest, plugins: { ...composition.plugins, [part]: trained } },
    {
      ...(restoredFrom !== undefined && { parents: [{ digest: restoredFrom, relation: "revision" }] }),
      ...{ alias, actor, signal, reason: options.reason ?? `trained by run ${record.id}` },
      annotations: { [TRAINED_BY]: record.digest },
    },
  );
  // Of a version that this store has: by it the run is found again.
  const isKnown = record.version !== undefined && (await store.list()).some(({ digest }) => digest === record.version);
  if (isKnown) await keepRun(store, record);
  return { ...sealed, part, trainedBy: record.digest };
}

/** The ONNX file of a run, whose card is of this very file. */
async function trainedModel(record: RunRecord, folder: string, signal: AbortSignal | undefined): Promise<Artifact> {
  const trainings = Object.values(record.steps).filter(
    (step): step is StepRecord & { readonly outputs: Record<"model" | "card", StepRecord["outputs"][string]> } =>
      step.task === "train" && step.state === "succeeded" && "model" in step.outputs && "card" in step.outputs,
  );
  const [training] = trainings;
  if (training === undefined || trainings.length > 1) {
    const found = trainings.length === 0 ? "trained no model" : `trained ${trainings.length} models`;
    const steps = Object.values(record.steps).map(({ task, state }) => `${task}: ${state}`);
    throw new InvalidArgumentError(
      `The run in ${folder} ${found} (${steps.join(", ")}). Give the folder of a run with one task \`train\` that succeeded.`,
    );
  }
  const [model, card] = [training.outputs.model, training.outputs.card].map(({ path, fileDigest }) =>
    artifact(join(folder, path), { digest: fileDigest }),
  ) as [Artifact, Artifact];
  await Promise.all([model.verified({ ...(signal && { signal }) }), card.verified({ ...(signal && { signal }) })]);
  const { sha256 } = readModelCard(card.file).model;
  if (`sha256:${sha256}` === model.digest) return model;
  throw new InvalidArgumentError(
    `The card ${card.file} is of another model (sha256:${sha256}) than ${model.file} (${model.digest}). Train again.`,
  );
}

/** The part whose network is replaced, and the option that names its file. */
function partOf(
  { plugins }: Composition,
  wanted: string | undefined,
): { readonly part: string; readonly option: string } {
  const networks = Object.entries(plugins).flatMap(([part, { options }]) =>
    Object.entries(options ?? {}).flatMap(([option, value]) => {
      const file = value instanceof Artifact ? value.file : value;
      return typeof file === "string" && /\.onnx$/i.test(file) ? [{ part, option }] : [];
    }),
  );
  const fitting = networks.filter(({ part }) => wanted === undefined || part === wanted);
  const [network] = fitting;
  if (network !== undefined && fitting.length === 1) return network;
  const names = [...new Set(networks.map(({ part }) => part))];
  const there =
    names.length === 0
      ? "no part of the twin has an ONNX file"
      : `with an ONNX file there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
  throw new InvalidArgumentError(
    wanted === undefined
      ? `Say which part gets the trained model: ${there}.`
      : `Part "${wanted}" has no ONNX file of its own that a trained model could replace: ${there}.`,
  );
}
