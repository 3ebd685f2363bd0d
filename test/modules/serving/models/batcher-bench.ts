import { setImmediate } from "node:timers/promises";
import type { Batch, BatchTimes, JobTimes } from "../../../../modules/serving/models/batch.ts";
import { Batcher } from "../../../../modules/serving/models/batcher.ts";
import { completeBatching } from "../../../../modules/serving/models/batching.ts";
import type { Batching } from "../../../../modules/serving/models/served.ts";

interface Job {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly group?: string;
}

/** A model whose batches end when the test says so. */
export class Bench {
  readonly begun: { batch: Batch<Job>; finish(): Promise<void>; fail(reason: Error): Promise<void> }[] = [];
  readonly waiting: number[] = [];
  readonly batcher: Batcher<Job>;
  /** Settled jobs by name: `"done"`, or why not. */
  readonly ends = new Map<string, unknown>();
  readonly times = new Map<string, JobTimes>();

  constructor(batching: Partial<Batching> = {}) {
    this.batcher = new Batcher<Job>({
      name: "bench",
      batching: completeBatching({ maxBatchSize: 4, ...batching }),
      compute: (batch) =>
        new Promise<BatchTimes>((resolve, reject) => {
          batch.signal.addEventListener("abort", () => reject(batch.signal.reason));
          this.begun.push({
            batch,
            finish: async () => {
              resolve({ inputMs: 1, inferMs: 2, outputMs: 3 });
              await setImmediate();
            },
            fail: async (reason) => {
              reject(reason);
              await setImmediate();
            },
          });
        }),
      onQueue: (rows) => this.waiting.push(rows),
    });
  }

  ask(
    name: string,
    rows = 1,
    { bytes = 0, group, signal }: { bytes?: number; group?: string; signal?: AbortSignal } = {},
  ): void {
    const job = { name, rows, bytes, ...(group !== undefined && { group }) };
    this.batcher.run(job, signal ?? new AbortController().signal).then(
      (times) => {
        this.ends.set(name, "done");
        this.times.set(name, times);
      },
      (reason: unknown) => this.ends.set(name, reason),
    );
  }

  /** What has begun, batch by batch: `"a b[4-8]"`. */
  get batches(): string[] {
    return this.begun.map(({ batch }) =>
      batch.pieces
        .map(({ job, start, count }) => (count === job.rows ? job.name : `${job.name}[${start}-${start + count}]`))
        .join(" "),
    );
  }

  async finish(index: number): Promise<void> {
    await this.begun[index]?.finish();
  }

  async fail(index: number, reason: Error): Promise<void> {
    await this.begun[index]?.fail(reason);
  }
}
