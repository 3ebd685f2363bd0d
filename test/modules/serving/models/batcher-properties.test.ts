import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Batch, BatchTimes } from "../../../../modules/serving/models/batch.ts";
import { Batcher } from "../../../../modules/serving/models/batcher.ts";
import { completeBatching } from "../../../../modules/serving/models/batching.ts";

interface Job {
  readonly rows: number;
  readonly bytes: number;
  readonly group: string;
  /** Whether a batch with it fails. */
  readonly isGuilty: boolean;
  /** How often each row was computed with success. */
  readonly computed: number[];
}

type Outcome = "open" | "done" | "failed" | "gone";

interface Client {
  readonly job: Job;
  readonly controller: AbortController;
  outcome: Outcome;
}

const Step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("ask" as const),
      rows: fc.integer({ min: 1, max: 12 }),
      group: fc.constantFrom("x", "x", "y"),
      isGuilty: fc.constantFrom(false, false, false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("go" as const), client: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), batch: fc.nat() }) },
);

const BatchingOptions = fc.record({
  maxBatchSize: fc.constantFrom(1, 4, 5),
  preferredBatchSizes: fc.constantFrom([], [1]),
});

it("Batcher answers every request once, with each of its rows, whatever others do", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(Step, { maxLength: 60 }), BatchingOptions, async (steps, batching) => {
      const running = new Map<Batch<Job>, () => void>();
      let waiting = 0;
      const batcher = new Batcher<Job>({
        name: "property",
        batching: completeBatching(batching),
        onQueue: (rows) => {
          waiting = rows;
        },
        compute: (batch) =>
          new Promise<BatchTimes>((resolve, reject) => {
            expect(running.size).toBeLessThan(2);
            expect(batch.rows).toBe(batch.pieces.reduce((sum, { count }) => sum + count, 0));
            expect(batch.rows).toBeLessThanOrEqual(batching.maxBatchSize);
            expect(new Set(batch.pieces.map(({ job }) => job)).size).toBe(batch.pieces.length);
            expect(new Set(batch.pieces.map(({ job }) => job.group)).size).toBe(1);
            running.set(batch, () => {
              running.delete(batch);
              if (batch.signal.aborted) return reject(batch.signal.reason);
              if (batch.pieces.some(({ job }) => job.isGuilty)) return reject(new Error("guilty"));
              for (const { job, start, count } of batch.pieces) {
                for (let row = start; row < start + count; row++) job.computed[row] = (job.computed[row] ?? 0) + 1;
              }
              resolve({ inputMs: 0, inferMs: 0, outputMs: 0 });
            });
          }),
      });
      const clients: Client[] = [];
      const end = async (index: number): Promise<void> => {
        [...running.values()][index % Math.max(1, running.size)]?.();
        await setImmediate();
      };
      for (const step of steps) {
        if (step.do === "ask") {
          const { rows, group, isGuilty } = step;
          const client: Client = {
            job: { rows, bytes: rows, group, isGuilty, computed: [] },
            controller: new AbortController(),
            outcome: "open",
          };
          clients.push(client);
          batcher.run(client.job, client.controller.signal).then(
            () => {
              client.outcome = "done";
            },
            () => {
              client.outcome = client.controller.signal.aborted ? "gone" : "failed";
            },
          );
        } else if (step.do === "go") {
          const client = clients[step.client % Math.max(1, clients.length)];
          if (client?.outcome === "open") client.controller.abort();
          await setImmediate();
        } else {
          await end(step.batch);
        }
        // A model is never idle while something waits.
        expect(running.size > 0 || waiting === 0).toBe(true);
      }
      const closed = batcher.close();
      while (running.size > 0) await end(0);
      await closed;
      expect(waiting).toBe(0);
      for (const { job, outcome, controller } of clients) {
        const expected = controller.signal.aborted ? "gone" : job.isGuilty ? "failed" : "done";
        expect(outcome).toBe(expected);
        if (outcome === "done") expect(job.computed).toEqual(new Array(job.rows).fill(1));
      }
    }),
    { numRuns: 300, seed: 6 },
  );
});
