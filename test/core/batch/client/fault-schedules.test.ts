import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchJournal, readBatchState } from "../../../../core/batch/client/batch-journal.ts";
import type { EntryWriter } from "../../../../core/batch/client/submitter.ts";
import { BatchClient, BatchFolder } from "../../../../core/index.ts";
import { samplePlan, scratch } from "../sample-batch.ts";
import { HistoryCheck } from "./legal-history.ts";
import { MemoryExecutor, Tape } from "./memory-executor.ts";

const SCHEDULES = process.env["TWINLOOM_LONG"] === "1" ? 2000 : 100;
const COMMAND = { command: ["twinloom"], packing: { first: 2, second: 2 } } as const;
const GRACE_MS = 60_000;
/** More than any schedule of the length drawn here needs. */
const MOST_LOOKS = 300;

class Killed extends Error {}

/** A client that is killed before or after an entry of its journal is written, or a call of the executor comes back. */
class Mortal implements EntryWriter, AsyncDisposable {
  readonly #journal: BatchJournal;
  readonly #tape: Tape;
  readonly #history: HistoryCheck;

  constructor(journal: BatchJournal, tape: Tape, history: HistoryCheck) {
    this.#journal = journal;
    this.#tape = tape;
    this.#history = history;
  }

  get state(): BatchJournal["state"] {
    return this.#journal.state;
  }

  async write(entry: Parameters<EntryWriter["write"]>[0]): Promise<void> {
    if (this.#tape.happens(4)) throw new Killed();
    this.#history.add(entry, this.state);
    await this.#journal.write(entry);
    if (this.#tape.happens(4)) throw new Killed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal[Symbol.asyncDispose]();
  }
}

async function runSchedule(numbers: readonly number[], { remembers }: { readonly remembers: boolean }): Promise<void> {
  await using place = await scratch();
  const batch = await BatchFolder.create(place.batch, samplePlan([1, 2, 3, 4]));
  const tape = new Tape(numbers);
  const executor = new MemoryExecutor(batch, tape, { remembers });
  if (tape.happens(30)) executor.failing.set("first/1", 1).set("second/3", 2);
  let now = 1_000_000;
  const clock = { now: () => now };
  const history = new HistoryCheck();
  const open = async (): Promise<BatchClient> => {
    const journal = await BatchJournal.open(batch, now);
    return new BatchClient(batch, new Mortal(journal, tape, history), {
      executor,
      clock,
      graceMs: GRACE_MS,
      lostMs: 2 * GRACE_MS,
    });
  };
  let client = await open();
  await using _ = { [Symbol.asyncDispose]: async () => await client[Symbol.asyncDispose]() };
  let isDone = false;
  let wasSubmitted = false;
  for (let looks = 0; !isDone; looks++) {
    expect(looks, "the batch ends").toBeLessThan(MOST_LOOKS);
    now += 20_000;
    try {
      if (!wasSubmitted) await client.submit(COMMAND);
      wasSubmitted = true;
      if (tape.happens(2)) await client.cancel();
      const status = await client.refresh({ retries: tape.happens(50) ? 2 : 0 });
      isDone = status.counts.succeeded === status.total;
      if (!isDone && (status.isEnded || status.isStalled)) await client.resume({ ...COMMAND, force: status.isStalled });
    } catch (error) {
      if (error instanceof Killed) {
        await client[Symbol.asyncDispose]();
        client = await open();
      } else expect(error).toMatchObject({ code: "TWIN_EXECUTOR_REFUSED" });
    }
    await executor.tick();
  }
  for (const stage of ["first", "second"]) expect([...(await batch.accepted(stage))]).toEqual([0, 1, 2, 3]);
  expect(new Set(executor.ledger.accepted.values())).toEqual(new Set([1]));
  expect(executor.ledger.accepted.size).toBe(8);
  for (const [element, jobs] of executor.ledger.workers) expect([element, jobs.size]).toEqual([element, 1]);
  for (const [token, { calls, toldNone }] of executor.submits) {
    expect([token, calls <= toldNone + 1]).toEqual([token, true]);
  }
  expect(await readBatchState(batch)).toEqual(history.replayed(batch));
}

describe("A batch whose client, executor and elements fail in any order", () => {
  const schedule = fc.array(fc.nat(99), { size: "max", maxLength: 250 });

  it("has one accepted result of each task run in the end, each array submitted once", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, (numbers) => runSchedule(numbers, { remembers: true })),
      { numRuns: SCHEDULES },
    );
  }, 300_000);

  it("has so where the executor forgets what has ended, and cannot say that nothing was submitted", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, (numbers) => runSchedule(numbers, { remembers: false })),
      { numRuns: SCHEDULES },
    );
  }, 300_000);
});
