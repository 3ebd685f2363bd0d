/** What waits to be computed. Batchers never look further into it. */
export interface BatchJob {
  /** 1 or more. */
  readonly rows: number;
  /** What it keeps in memory while it waits. */
  readonly bytes: number;
  /** Jobs of different groups are never computed together. */
  readonly group?: string | undefined;
}

/** Consecutive rows of a job; all of them, unless the job is larger than a batch. */
export interface Piece<J extends BatchJob> {
  readonly job: J;
  readonly start: number;
  readonly count: number;
}

/** How long the steps of a batch took. */
export interface BatchTimes {
  readonly inputMs: number;
  readonly inferMs: number;
  readonly outputMs: number;
}

/** How long the steps of a job took: those of the batches that it was in. */
export interface JobTimes extends BatchTimes {
  /** From arrival until the first of its rows were taken. */
  readonly queueMs: number;
}

/** A batch as it is computed. */
export interface Batch<J extends BatchJob> {
  readonly pieces: readonly Piece<J>[];
  /** Rows of all pieces. */
  readonly rows: number;
  /** Aborted when nobody waits for any of the pieces any more. */
  readonly signal: AbortSignal;
}
