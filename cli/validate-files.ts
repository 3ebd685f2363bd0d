import { basename, resolve } from "node:path";
import { type OpenDataset, openDataset } from "../core/index.ts";
import { parseEvidence, readEvidence, type Showers, type Validation } from "../thematic/detector/index.ts";
import type { CommandIo } from "./command.ts";
import { type DetectorTwin, withDetector } from "./detector-twin.ts";
import { UsageError } from "./errors.ts";

/** A file, and where given the evidence about it. */
export interface JudgedFile {
  readonly file: string;
  readonly evidence?: string | undefined;
}

/**
 * Gives each file the evidence that names it; whether its content is the same is checked when it is read.
 *
 * @throws `UsageError` for evidence about none of the files, about several, or twice about one.
 */
export async function pairEvidence(
  files: readonly string[],
  evidence: readonly string[],
  { cwd, signal }: CommandIo,
): Promise<readonly JudgedFile[]> {
  const pairs = new Map<string, string>();
  for (const path of evidence) {
    const { generated } = parseEvidence(await readEvidence(resolve(cwd, path), signal));
    const refuse = (problem: string): UsageError =>
      new UsageError(`--evidence ${path} is about "${generated.file}", ${problem}.`);
    const [file, ...others] = files.filter((each) => basename(each) === generated.file);
    if (file === undefined) throw refuse("and no such file is given");
    if (others.length > 0) throw refuse(`and ${[file, ...others].join(" and ")} have that name: compare them apart`);
    if (pairs.has(file)) throw refuse(`and so is ${pairs.get(file)}`);
    pairs.set(file, path);
  }
  return files.map((file) => ({ file, evidence: pairs.get(file) }));
}

/** Files to judge by one reference. */
export interface FilesToValidate {
  readonly judged: readonly JudgedFile[];
  readonly reference: string;
  readonly secondReference?: string | undefined;
  readonly metrics: "all" | "fast";
  readonly geometry: string;
}

/** Validates files one after the other, and does something with the results while the twin is there. */
export async function validateFiles(
  { judged, reference, secondReference, metrics, geometry }: FilesToValidate,
  io: CommandIo,
  then: (validations: readonly Validation[], twin: DetectorTwin) => Promise<void> = async () => undefined,
): Promise<readonly Validation[]> {
  const { signal } = io;
  return await withDetector({ geometry, model: "gflash-published" }, io, async (twin) => {
    const open: OpenDataset[] = [];
    const showersOf = async (file: string): Promise<Showers> => {
      const dataset = await openDataset(resolve(io.cwd, file), [twin.files], { signal });
      open.push(dataset);
      return await twin.detector.showers(dataset, { signal });
    };
    try {
      const real = await showersOf(reference);
      const second = secondReference === undefined ? undefined : await showersOf(secondReference);
      const validations: Validation[] = [];
      for (const [index, { file, evidence }] of judged.entries()) {
        const made = await showersOf(file);
        validations.push(
          await twin.detector.validate(made, real, {
            metrics,
            ...(second && { second }),
            ...(evidence !== undefined && { evidence: await readEvidence(resolve(io.cwd, evidence), signal) }),
            signal,
            progress: (fraction, doing) => io.progress((index + fraction) / judged.length, doing),
          }),
        );
      }
      await then(validations, twin);
      return validations;
    } finally {
      for (const dataset of open.reverse()) await dataset.close();
    }
  });
}
