import type { Digest } from "../canonical/digest.ts";
import { digestBytes, digestJson } from "../canonical/digest.ts";
import { checkSchema } from "../errors/check-schema.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { describeNames } from "../errors/nearest-names.ts";
import { FileExistsError } from "../files/errors.ts";
import { writing } from "../lifecycle/fs/failures.ts";
import { nodeFs } from "../lifecycle/fs/node-fs.ts";
import { hasLinks, isTemporary, isThere, makeStoreFolder } from "../lifecycle/fs/publish.ts";
import type { StoreFs } from "../lifecycle/fs/store-fs.ts";
import { readCanonical } from "../lifecycle/read-canonical.ts";
import { type AcceptedResult, acceptResult, attemptsOf, readAcceptedResult } from "./accepted-results.ts";
import { BATCH_FILE, type BatchDocument, type StageDocument, type TaskRunId } from "./batch-document.ts";
import { namesIn, noLinks, numbersIn, publishNew, readIfThere, readJson } from "./batch-files.ts";
import { type AttemptId, BatchPaths } from "./batch-paths.ts";
import { BatchSchema, batchProblem, SubmissionSchema } from "./batch-schema.ts";
import { BatchDamagedError, BatchFolderExistsError, BatchNotFoundError } from "./errors.ts";
import { type Submission, TOKEN } from "./submission.ts";
import { claimElement, type ElementClaim, type Witness, witnessesOf } from "./witnesses.ts";

/** How a folder of a batch is opened. */
export interface BatchFolderOptions {
  /** The file system it is on; that of this machine by default. */
  readonly fs?: StoreFs | undefined;
}

/** Of whoever seals. */
const LOCK = `${BATCH_FILE}.lock`;

const RESTORE =
  "Restore it from a copy, or seal a new batch in another folder; runs that have ended stay in attempts/.";

/**
 * The folder of a sealed batch, which all its processes share. Any number of them, on any number of machines, may use it
 * at the same time; one that is killed leaves it as it was, or with what it did.
 */
export class BatchFolder {
  readonly paths: BatchPaths;
  readonly document: BatchDocument;
  /** Digest of the sealed batch. */
  readonly id: Digest;
  readonly #fs: StoreFs;

  private constructor(
    place: { readonly paths: BatchPaths; readonly fs: StoreFs },
    batch: { readonly document: BatchDocument; readonly id: Digest },
  ) {
    this.paths = place.paths;
    this.#fs = place.fs;
    this.document = batch.document;
    this.id = batch.id;
  }

  /** Absolute path. */
  get path(): string {
    return this.paths.root;
  }

  /**
   * Makes sure that a folder can become one of a batch: it is empty or new, and its file system has hard links.
   *
   * @throws `TWIN_BATCH_FOLDER_EXISTS`, `TWIN_WRITE_FAILED`
   */
  static async reserve(path: string, { fs = nodeFs }: BatchFolderOptions = {}): Promise<BatchPaths> {
    if (path === "") throw new InvalidArgumentError("The folder of a batch needs a path; it is empty.");
    const paths = new BatchPaths(path);
    await writing(paths.root, async () => {
      await checkFree(fs, paths, []);
      await makeStoreFolder(fs, paths.root);
      if (!(await hasLinks(fs, paths.root))) throw noLinks(paths.root);
    });
    return paths;
  }

  /**
   * The same, by whoever has locked the folder to seal there.
   *
   * @internal
   * @throws `TWIN_BATCH_FOLDER_EXISTS`
   */
  static async checkUnsealed(path: string, { fs = nodeFs }: BatchFolderOptions = {}): Promise<void> {
    await checkFree(fs, new BatchPaths(path), [LOCK]);
  }

  /**
   * Seals a batch in a folder that is empty, new, or holds the batch's store. It is sealed when `batch.json` is there, which
   * comes last.
   *
   * @throws `TWIN_BATCH_FOLDER_EXISTS`, `TWIN_WRITE_FAILED`; `TWIN_INVALID_ARGUMENT` for what is no batch.
   */
  static async create(path: string, document: BatchDocument, options: BatchFolderOptions = {}): Promise<BatchFolder> {
    const { fs = nodeFs } = options;
    const problem = problemOf(document);
    if (problem !== undefined) throw new InvalidArgumentError(`This is no batch that could be sealed: ${problem}`);
    const paths = new BatchPaths(path);
    await writing(paths.root, () => checkFree(fs, paths, ["store", LOCK]));
    if (!(await publishNew(fs, paths.document, document))) throw new BatchFolderExistsError(paths.root, "batch");
    return new BatchFolder({ paths, fs }, { document, id: digestJson(document) });
  }

  /** @throws `TWIN_BATCH_NOT_FOUND`; `TWIN_BATCH_DAMAGED` where the batch is not as it was sealed; `TWIN_READ_FAILED` */
  static async open(path: string, { fs = nodeFs }: BatchFolderOptions = {}): Promise<BatchFolder> {
    const paths = new BatchPaths(path);
    const bytes = await readIfThere(fs, paths.document);
    if (bytes === undefined) {
      const names = await namesIn(fs, paths.root);
      const why = names.includes("store")
        ? `it has no ${BATCH_FILE}, which is written last: sealing it was not completed. Remove the folder, and seal again.`
        : `it has no ${BATCH_FILE}. Check the path.`;
      throw new BatchNotFoundError(paths.root, why);
    }
    const { value, problem } = readCanonical(bytes);
    if (problem !== undefined) throw new BatchDamagedError(paths.document, problem, RESTORE);
    const wrong = problemOf(value);
    if (wrong !== undefined) throw new BatchDamagedError(paths.document, `is none that can be used: ${wrong}`, RESTORE);
    // Checked just now.
    return new BatchFolder({ paths, fs }, { document: value as BatchDocument, id: digestBytes(bytes) });
  }

  /** A stage of the batch. @throws `TWIN_INVALID_ARGUMENT` for another name. */
  stage(name: string): StageDocument {
    const { stages } = this.document;
    const found = stages.find((stage) => stage.name === name);
    if (found) return found;
    const names = stages.map((stage) => stage.name);
    throw new InvalidArgumentError(`The batch has no stage "${name}". ${describeNames(name, names)}`);
  }

  /**
   * Writes down what an array is to run, durably: before it is submitted.
   *
   * @throws `TWIN_INVALID_ARGUMENT` for one that is not of this batch, or names a run twice or one that is not there;
   *   `TWIN_FILE_EXISTS` for a token that was used; `TWIN_WRITE_FAILED`
   */
  async writeSubmission(submission: Submission): Promise<void> {
    const problem = this.#problemOf(submission);
    if (problem !== undefined) throw new InvalidArgumentError(`The submission cannot be made: ${problem}`);
    const path = this.paths.submission(submission.token);
    if (await publishNew(this.#fs, path, submission)) return;
    throw new FileExistsError(path, { remedy: "Draw a new token for each submission." });
  }

  /**
   * What an array runs.
   *
   * @throws `TWIN_INVALID_ARGUMENT` where there is no such submission; `TWIN_BATCH_DAMAGED`, also where the batch is another
   *   than the one it was made for; `TWIN_READ_FAILED`
   */
  async readSubmission(token: string): Promise<Submission> {
    checkToken(token);
    const path = this.paths.submission(token);
    const remedy = "Resume the batch: what is missing is submitted anew.";
    const found = await readJson(this.#fs, path, { schema: SubmissionSchema, remedy });
    if (found === undefined) throw new InvalidArgumentError(`There is no submission ${token} in "${this.path}".`);
    const problem = found.token === token ? this.#problemOf(found) : `it is that of the token ${found.token}.`;
    if (problem !== undefined) throw new BatchDamagedError(path, `cannot be run: ${problem}`, remedy);
    return found;
  }

  /** Tokens of all submissions, in no order. @throws `TWIN_READ_FAILED` */
  async submissions(): Promise<readonly string[]> {
    const names = await namesIn(this.#fs, this.paths.submissions);
    const tokens = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    return tokens.filter((token) => TOKEN.test(token));
  }

  /**
   * The first act of an element: leaves a witness that it was started. A submission may reach an executor twice; of each
   * element, only the array that comes first works.
   *
   * @returns `"ours"`, also when it was started again under the same id; or the array whose it is.
   * @throws `TWIN_WRITE_FAILED`, `TWIN_BATCH_DAMAGED`, `TWIN_READ_FAILED`
   */
  async claimElement(
    token: string,
    element: number,
    claim: ElementClaim,
  ): Promise<"ours" | { readonly takenBy: string }> {
    checkToken(token);
    return await claimElement(this.#place, { token, element }, claim);
  }

  /** What elements of a submission have left, in their order. @throws `TWIN_BATCH_DAMAGED`, `TWIN_READ_FAILED` */
  async witnesses(token: string): Promise<readonly Witness[]> {
    checkToken(token);
    return await witnessesOf(this.#place, token);
  }

  /**
   * Makes an attempt the result of its task run, if none is yet. The attempt must be durable before.
   *
   * @param attempt - Folder of the attempt, relative to that of the batch, with forward slashes.
   * @param record - Digest of its run record.
   * @throws `TWIN_INVALID_ARGUMENT` for a path that is no attempt at this run; `TWIN_WRITE_FAILED`
   */
  async accept(id: TaskRunId, attempt: string, record: Digest): Promise<"accepted" | "already"> {
    return await acceptResult(this.#place, id, { attempt, record });
  }

  /** Runs of a stage that have a result. @throws `TWIN_READ_FAILED` */
  async accepted(stage: string): Promise<ReadonlySet<number>> {
    return new Set(await numbersIn(this.#fs, this.paths.acceptedOf(this.stage(stage).name)));
  }

  /** Whether a task run has a result. */
  async isAccepted(id: TaskRunId): Promise<boolean> {
    return await isThere(this.#fs, this.paths.accepted(id));
  }

  /**
   * The result of a task run; `undefined` where there is none. Its outputs are not read.
   *
   * @throws `TWIN_BATCH_DAMAGED` where the attempt is not as it was accepted; `TWIN_READ_FAILED`
   */
  async readAccepted(id: TaskRunId): Promise<AcceptedResult | undefined> {
    return await readAcceptedResult(this.#place, id);
  }

  /** The tries at a task run that came to an end, in no order. @throws `TWIN_READ_FAILED` */
  async attempts(id: TaskRunId): Promise<readonly AttemptId[]> {
    return await attemptsOf(this.#place, id);
  }

  get #place(): { readonly fs: StoreFs; readonly paths: BatchPaths } {
    return { fs: this.#fs, paths: this.paths };
  }

  #problemOf(submission: Submission): string | undefined {
    const { problems } = checkSchema(SubmissionSchema, submission);
    if (problems !== undefined) return firstOf(problems);
    const { batch, stage, elements } = submission;
    if (batch !== this.id) {
      return `it is of the batch ${batch}, and this is ${this.id}. ${BATCH_FILE} was replaced, or the folders are mixed up.`;
    }
    if (!this.document.stages.some(({ name }) => name === stage)) return `the batch has no stage "${stage}".`;
    const runs = elements.flat();
    if (new Set(runs).size !== runs.length) return "it has a run twice.";
    const stray = runs.find((run) => run >= this.document.points.length);
    return stray === undefined
      ? undefined
      : `there is no run ${stray}; the last is ${this.document.points.length - 1}.`;
  }
}

function problemOf(value: unknown): string | undefined {
  const checked = checkSchema(BatchSchema, value);
  if (checked.problems !== undefined) return firstOf(checked.problems);
  // `undefined` members do not come from JSON, and a batch that is to be sealed has its types.
  return batchProblem(checked.value as BatchDocument);
}

function firstOf(
  problems: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
): string {
  const [first] = problems;
  return `${first?.path.join(".") || "as a whole"}: ${first?.message}`;
}

function checkToken(token: string): void {
  if (!TOKEN.test(token)) throw new InvalidArgumentError(`"${token}" is no token: those are 32 hexadecimal digits.`);
}

async function checkFree(fs: StoreFs, paths: BatchPaths, allowed: readonly string[]): Promise<void> {
  const names = (await namesIn(fs, paths.root)).filter((name) => !isTemporary(name) && !allowed.includes(name));
  if (names.length > 0) throw new BatchFolderExistsError(paths.root, names.includes(BATCH_FILE) ? "batch" : "other");
}
