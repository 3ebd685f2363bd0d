import { rm } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestFile, digestJson } from "../../canonical/digest.ts";
import type { Connector } from "../../contracts/connector.ts";
import { PartChangedError, PartsDisagreeError, PartUnavailableError } from "../../data/federate/errors.ts";
import { recognise } from "../../files/open-dataset.ts";
import type { BatchFolder } from "../batch-folder.ts";
import { type CheckedResult, fileProblem, type SoundResult } from "./check-results.ts";
import type { CollectedRun, CollectedStage, GatheredFile } from "./collection-schema.ts";
import { gatherResults } from "./gather.ts";

/** What a stage's results are gathered with. */
export interface GatherStageOptions {
  readonly connectors: readonly Connector[];
  readonly writer: Connector;
  /** Folder of the results. */
  readonly out: string;
  /** What was gathered the last time. */
  readonly before: readonly GatheredFile[];
  readonly signal?: AbortSignal | undefined;
  onProgress(fraction: number, output: string): void;
}

/** A stage whose results were checked. */
export interface CheckedStage {
  readonly name: string;
  readonly task: string;
  readonly runs: readonly CollectedRun[];
  readonly results: readonly CheckedResult[];
}

/** Without an output that could be gathered, what tasks returned has a file of its own. */
const RETURNED = "returned";

/**
 * Writes one file for each output of a stage that a connector recognises. One that is there and made of the same results
 * stays as it is.
 *
 * @throws `TWIN_WRITE_FAILED`; the signal's reason.
 */
export async function gatherStage(
  folder: BatchFolder,
  stage: CheckedStage,
  options: GatherStageOptions,
): Promise<Pick<CollectedStage, "gathered" | "notGathered">> {
  const sound = stage.results.filter((each): each is SoundResult => each?.state === "sound");
  const gathered: GatheredFile[] = [];
  const notGathered: { output: string; reason: string }[] = [];
  const outputs = [...new Set(sound.flatMap(({ accepted }) => Object.keys(accepted.outputs)))].sort((a, b) =>
    a < b ? -1 : 1,
  );
  for (const [number, output] of outputs.entries()) {
    const first = sound.find(({ accepted }) => Object.hasOwn(accepted.outputs, output)) as SoundResult;
    const path = join(folder.path, first.accepted.outputs[output]?.path as string);
    const connector = await recognise(path, options.connectors, options);
    if (!connector) {
      notGathered.push({
        output,
        reason: "No connector of the twin recognises its files; they stay in attempts/, checked.",
      });
      continue;
    }
    const onProgress = (fraction: number): void => options.onProgress((number + fraction) / outputs.length, output);
    try {
      gathered.push(await gatherOutput(folder, stage, { output, connector }, { ...options, onProgress }));
    } catch (error) {
      options.signal?.throwIfAborted();
      const isOfResults = [PartsDisagreeError, PartUnavailableError, PartChangedError].some(
        (type) => error instanceof type,
      );
      if (!isOfResults) throw error;
      // The results are there and sealed all the same.
      notGathered.push({ output, reason: (error as Error).message });
    }
  }
  if (gathered.length === 0 && sound.some(({ result }) => result !== null)) {
    const onProgress = (fraction: number): void => options.onProgress(fraction, RETURNED);
    gathered.push(await gatherOutput(folder, stage, { output: RETURNED }, { ...options, onProgress }));
  }
  for (const { path } of options.before) {
    if (!gathered.some((each) => each.path === path)) await rm(join(options.out, path), { force: true });
  }
  return { gathered, notGathered };
}

async function gatherOutput(
  folder: BatchFolder,
  stage: CheckedStage,
  { output, connector }: { readonly output: string; readonly connector?: Connector | undefined },
  options: Omit<GatherStageOptions, "onProgress"> & { onProgress(fraction: number): void },
): Promise<GatheredFile> {
  const { writer, out, before, signal, onProgress } = options;
  // Names of outputs are any text, and this is one file in the folder of the stage, on every system.
  const path = `${stage.name}/${fileName(output)}${writer.extensions[0] ?? ""}`;
  const from = madeOf(stage, { output, format: writer.formats[0] ?? "" });
  const known = before.find((each) => each.path === path && each.from === from);
  if (known && (await fileProblem(join(out, path), known, { signal })) === undefined) return known;
  const { document, id } = folder;
  await using dataset = await gatherResults(
    document.points.map((parameters, run) => {
      const result = stage.results[run];
      const file = result?.state === "sound" && connector && result.accepted.outputs[output];
      return {
        run,
        state: stage.runs[run]?.state ?? "created",
        parameters,
        result: result?.state === "sound" ? result.result : undefined,
        open: file ? (opening) => connector.open(join(folder.path, file.path), opening) : undefined,
      };
    }),
    {
      swept: document.swept,
      attributes: {
        batch: id,
        twin: document.twin.name,
        twin_version: document.twin.version,
        stage: stage.name,
        task: stage.task,
        output,
        parameters: canonicalJson(folder.stage(stage.name).parameters),
      },
      signal,
      onProgress,
    },
  );
  await writer.write(join(out, path), dataset, { existing: "replace", signal });
  const { bytes, digest } = await digestFile(join(out, path), { signal });
  return { output, path, bytes, fileDigest: digest, from };
}

/** Changes with what a gathered file is made of. */
function madeOf({ name, runs }: CheckedStage, about: { readonly output: string; readonly format: string }): Digest {
  const results = runs.map(({ state, accepted }) => [state, accepted?.record ?? null]);
  return digestJson({ version: 1, stage: name, ...about, results });
}

function fileName(output: string): string {
  return output.replace(/[^\w.-]/gu, (letter) => `%${letter.codePointAt(0)?.toString(16)}`);
}
