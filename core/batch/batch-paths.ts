import { join, resolve } from "node:path";
import { BATCH_FILE, type TaskRunId } from "./batch-document.ts";

/** Which try at a task run. */
export interface AttemptId {
  /** Of the submission. */
  readonly token: string;
  /** How often its element had been started before. */
  readonly restart: number;
}

/** Where everything of a batch is. All paths are absolute; nothing is made or read. */
export class BatchPaths {
  /** Folder of the batch. */
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  /** The sealed batch. */
  get document(): string {
    return join(this.root, BATCH_FILE);
  }

  /** The lifecycle store with the version of the twin. */
  get store(): string {
    return join(this.root, "store");
  }

  /** The client's. */
  get journal(): string {
    return join(this.root, "journal");
  }

  /** Where serving tasks register. */
  get servers(): string {
    return join(this.root, "servers");
  }

  /** What was made of all results. */
  get results(): string {
    return join(this.root, "results");
  }

  get submissions(): string {
    return join(this.root, "submissions");
  }

  /** What an array runs. */
  submission(token: string): string {
    return join(this.submissions, `${token}.json`);
  }

  /** Witnesses of a submission. */
  witnesses(token: string): string {
    return join(this.root, "tokens", token);
  }

  /** What an element leaves as its first act. */
  witness(token: string, element: number): string {
    return join(this.witnesses(token), `${element}.json`);
  }

  /** Where an element was told to stop last, and how often there. */
  standstill(token: string, element: number): string {
    return join(this.witnesses(token), `${element}.stopped`);
  }

  /** The tries at a task run. */
  attempts({ stage, run }: TaskRunId): string {
    return join(this.root, "attempts", stage, String(run));
  }

  /** Folder of a run, once it has ended. */
  attempt(id: TaskRunId, attempt: AttemptId): string {
    return join(this.root, relativeAttempt(id, attempt));
  }

  /** Accepted results of a stage. */
  acceptedOf(stage: string): string {
    return join(this.root, "accepted", stage);
  }

  /** Which attempt is the result of a task run. */
  accepted({ stage, run }: TaskRunId): string {
    return join(this.acceptedOf(stage), `${run}.json`);
  }

  /** What a task run saved to go on from. */
  checkpoints({ stage, run }: TaskRunId): string {
    return join(this.root, "checkpoints", stage, String(run));
  }

  /** What the elements of a submission print. */
  logs(token: string): string {
    return join(this.root, "logs", token);
  }

  /** What an element printed. */
  log(token: string, element: number): string {
    return join(this.logs(token), `${element}.log`);
  }
}

/** Folder of an attempt relative to that of the batch, with forward slashes. */
export function relativeAttempt({ stage, run }: TaskRunId, { token, restart }: AttemptId): string {
  return `attempts/${stage}/${run}/${token}-${restart}`;
}

/** Which attempt the name of its folder says; `undefined` for another name. */
export function attemptOfName(name: string): AttemptId | undefined {
  const match = /^([0-9a-f]{32})-(0|[1-9]\d{0,8})$/.exec(name);
  return match ? { token: match[1] as string, restart: Number(match[2]) } : undefined;
}
