import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Batch, Batcher, type BatchTimes, type JobTimes } from "../../../../modules/serving/models/batcher.ts";
import { completeBatching } from "../../../../modules/serving/models/batching.ts";
import type { Batching } from "../../../../modules/serving/models/served.ts";

interface Job {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly group?: string;
}

/** A model whose batches end when the test says so. */
class Bench {
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

const gone = new Error("the client went");

describe("Batcher, when a batch begins", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("begins at once where the model is idle", () => {
    const bench = new Bench();
    bench.ask("a");
    expect(bench.batches).toEqual(["a"]);
  });

  it("lets requests gather while the model computes, and takes them all when it has ended", async () => {
    const bench = new Bench();
    for (const name of ["a", "b", "c", "d"]) bench.ask(name);
    expect(bench.batches).toEqual(["a"]);
    await bench.finish(0);
    expect(bench.batches).toEqual(["a", "b c d"]);
    expect([...bench.ends]).toEqual([["a", "done"]]);
    await bench.finish(1);
    expect([...bench.ends.keys()]).toEqual(["a", "b", "c", "d"]);
  });

  it("begins a full batch while one is computed, and no third one", async () => {
    const bench = new Bench();
    for (const name of "abcdefghi") bench.ask(name);
    expect(bench.batches).toEqual(["a", "b c d e"]);
    await bench.finish(0);
    expect(bench.batches).toEqual(["a", "b c d e", "f g h i"]);
  });

  it("counts a batch as full when the next request does not fit", () => {
    const bench = new Bench();
    bench.ask("a");
    bench.ask("b", 3);
    expect(bench.batches).toEqual(["a"]);
    bench.ask("c", 2);
    expect(bench.batches).toEqual(["a", "b"]);
  });

  it("begins a batch of a preferred size while one is computed", () => {
    const bench = new Bench({ maxBatchSize: 8, preferredBatchSizes: [2, 4] });
    bench.ask("a");
    bench.ask("b");
    expect(bench.batches).toEqual(["a"]);
    bench.ask("c");
    expect(bench.batches).toEqual(["a", "b c"]);
  });

  it("cuts at the largest preferred size, and fills a batch where it can", async () => {
    const bench = new Bench({ maxBatchSize: 8, preferredBatchSizes: [2, 4] });
    bench.ask("a", 8);
    bench.ask("b", 8);
    for (const name of "cdefg") bench.ask(name);
    await bench.finish(0);
    expect(bench.batches.slice(2)).toEqual(["c d e f"]);
    for (const name of "hijklmno") bench.ask(name);
    await bench.finish(1);
    expect(bench.batches.slice(3)).toEqual(["g h i j k l m n"]);
  });

  it("waits for more as long as it is told, from the first request on", async () => {
    vi.useFakeTimers();
    const bench = new Bench({ maxQueueDelayMs: 10 });
    bench.ask("a");
    vi.advanceTimersByTime(6);
    bench.ask("b");
    vi.advanceTimersByTime(3);
    expect(bench.batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(bench.batches).toEqual(["a b"]);
  });

  it("does not wait once the batch is full", () => {
    vi.useFakeTimers();
    const bench = new Bench({ maxQueueDelayMs: 10 });
    for (const name of "abcd") bench.ask(name);
    expect(bench.batches).toEqual(["a b c d"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("sets no timer where nothing is to wait", () => {
    vi.useFakeTimers();
    const bench = new Bench();
    for (const name of "abc") bench.ask(name);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("counts the wait behind another batch", async () => {
    vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
    const bench = new Bench({ maxQueueDelayMs: 10 });
    for (const name of "abcd") bench.ask(name);
    bench.ask("e");
    vi.advanceTimersByTime(7);
    await bench.finish(0);
    expect(bench.batches).toEqual(["a b c d"]);
    vi.advanceTimersByTime(3);
    expect(bench.batches).toEqual(["a b c d", "e"]);
    expect(bench.times.get("a")?.queueMs).toBe(0);
    await bench.finish(1);
    expect(bench.times.get("e")?.queueMs).toBe(10);
  });

  it("counts the wait of a large request until it is begun, and has its rest wait no longer than others", async () => {
    vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
    const bench = new Bench({ maxQueueDelayMs: 10 });
    bench.ask("large", 6);
    vi.advanceTimersByTime(7);
    await bench.finish(0);
    expect(bench.batches).toEqual(["large[0-4]"]);
    vi.advanceTimersByTime(3);
    expect(bench.batches).toEqual(["large[0-4]", "large[4-6]"]);
    await bench.finish(1);
    expect(bench.times.get("large")?.queueMs).toBe(0);
  });
});

describe("Batcher, what is computed together", () => {
  it("keeps groups apart, and begins with the one that has waited longest", async () => {
    const bench = new Bench();
    bench.ask("x");
    bench.ask("a", 1, { group: "short" });
    bench.ask("b", 1, { group: "long" });
    bench.ask("c", 1, { group: "short" });
    await bench.finish(0);
    await bench.finish(1);
    expect(bench.batches).toEqual(["x", "a c", "b"]);
  });

  it("takes no groups together for a full batch", () => {
    const bench = new Bench();
    bench.ask("x");
    bench.ask("a", 3, { group: "short" });
    bench.ask("b", 3, { group: "long" });
    expect(bench.batches).toEqual(["x"]);
  });

  it("never lets a small request overtake one that does not fit", async () => {
    const bench = new Bench();
    bench.ask("x", 4);
    bench.ask("y", 4);
    bench.ask("a", 3);
    bench.ask("b", 2);
    bench.ask("c", 1);
    await bench.finish(0);
    await bench.finish(1);
    await bench.finish(2);
    expect(bench.batches).toEqual(["x", "y", "a", "b c"]);
  });

  it("computes a large request in pieces, and others take turns with it", async () => {
    const bench = new Bench();
    bench.ask("large", 14);
    bench.ask("small", 1);
    expect(bench.batches).toEqual(["large[0-4]", "large[4-8]"]);
    await bench.finish(0);
    await bench.finish(1);
    await bench.finish(2);
    expect(bench.batches).toEqual(["large[0-4]", "large[4-8]", "large[8-12]", "small large[12-14]"]);
    expect(bench.ends.size).toBe(0);
    await bench.finish(3);
    expect([...bench.ends]).toEqual([
      ["small", "done"],
      ["large", "done"],
    ]);
    expect(bench.times.get("large")).toMatchObject({ inputMs: 4, inferMs: 8, outputMs: 12 });
    expect(bench.times.get("small")).toMatchObject({ inputMs: 1, inferMs: 2, outputMs: 3 });
  });
});

describe("Batcher, when the queue is full", () => {
  it("refuses what is beyond, says how much waits, and takes requests again later", async () => {
    const bench = new Bench({ maxQueueSize: 3 });
    bench.ask("a");
    bench.ask("b", 3);
    bench.ask("c");
    await setImmediate();
    expect(bench.ends.get("c")).toMatchObject({ code: "TWIN_QUEUE_FULL" });
    expect(String(bench.ends.get("c"))).toMatchInlineSnapshot(
      `"QueueFullError: The queue of bench is full: 3 rows wait, and with 1 more there would be more than 3. Ask again later, or another server."`,
    );
    await bench.finish(0);
    bench.ask("d");
    await bench.finish(1);
    await bench.finish(2);
    expect(bench.ends.get("d")).toBe("done");
    expect(bench.waiting.at(-1)).toBe(0);
  });

  it("takes one larger than the queue where nothing waits", () => {
    const bench = new Bench({ maxQueueSize: 3 });
    bench.ask("a", 10);
    expect(bench.batches).toEqual(["a[0-4]", "a[4-8]"]);
  });
});

describe("Batcher, with requests larger than a batch", () => {
  it("counts each as one batch until it begins, and then nothing, so that others queue beside them", async () => {
    const bench = new Bench({ maxQueueSize: 6 });
    bench.ask("large", 4000);
    bench.ask("later", 4000);
    for (const name of ["a", "b"]) bench.ask(name);
    bench.ask("c");
    await setImmediate();
    expect([...bench.ends.keys()]).toEqual(["c"]);
    expect(String(bench.ends.get("c"))).toMatch("6 rows wait, and with 1 more there would be more than 6");
    await bench.finish(0);
    await bench.finish(1);
    expect(bench.batches).toEqual(["large[0-4]", "large[4-8]", "large[8-12]", "later[0-4]"]);
    for (const name of ["d", "e", "f", "g"]) bench.ask(name);
    bench.ask("h");
    await setImmediate();
    expect([...bench.ends.keys()]).toEqual(["c", "h"]);
  });

  it("begins no more than four until one of them ends, and lets smaller ones by", async () => {
    const bench = new Bench();
    for (const name of ["one", "two", "three", "four", "five", "six"]) bench.ask(name, 8);
    bench.ask("small", 4);
    for (let batch = 0; batch < 9; batch++) await bench.finish(batch);
    expect(bench.batches).toEqual([
      "one[0-4]",
      "one[4-8]",
      "two[0-4]",
      "three[0-4]",
      "four[0-4]",
      "five[0-4]",
      // "six" stood before it, and waits until "two" has ended.
      "small",
      "two[4-8]",
      "three[4-8]",
      "six[0-4]",
      "four[4-8]",
    ]);
  });

  it("begins others in place of those that were given up, waiting or begun", async () => {
    const bench = new Bench();
    const client = new AbortController();
    for (const name of "abcdefghij") bench.ask(name, 5, { signal: client.signal });
    client.abort(gone);
    await setImmediate();
    expect(bench.waiting.at(-1)).toBe(0);
    for (const name of ["v", "w", "x", "y", "z"]) bench.ask(name, 5);
    const before = bench.begun.length;
    for (let batch = before - 2; batch < before + 8; batch++) await bench.finish(batch);
    for (const name of ["v", "w", "x", "y", "z"]) expect(bench.ends.get(name)).toBe("done");
  });

  it("waits for a running batch where only a fifth could begin", async () => {
    const bench = new Bench({ maxBatchSize: 8 });
    bench.ask("x", 8);
    bench.ask("y", 8);
    for (const name of "abcd") bench.ask(name, 10);
    for (let batch = 0; batch < 5; batch++) await bench.finish(batch);
    expect(bench.batches.at(-1)).toBe("a[8-10] b[8-10] c[8-10] d[8-10]");
    bench.ask("e", 10);
    await bench.finish(5);
    expect(bench.batches).toHaveLength(7);
    await bench.finish(6);
    expect(bench.batches.at(-1)).toBe("e[0-8]");
  });
});

describe("Batcher, when requests keep much memory", () => {
  it("refuses what is beyond, unless it is alone, and takes requests again later", async () => {
    const bench = new Bench({ maxQueueBytes: 100 });
    const client = new AbortController();
    bench.ask("x", 1, { bytes: 1000 });
    bench.ask("a", 1, { bytes: 1000, signal: client.signal });
    bench.ask("b", 1, { bytes: 1 });
    await setImmediate();
    expect(String(bench.ends.get("b"))).toContain(
      "requests of 1000 bytes wait, and with 1 more there would be more than 100.",
    );
    client.abort(gone);
    bench.ask("c", 1, { bytes: 60 });
    bench.ask("d", 1, { bytes: 40 });
    bench.ask("e", 1, { bytes: 1 });
    await setImmediate();
    expect(new Set(bench.ends.keys())).toEqual(new Set(["a", "b", "e"]));
    await bench.finish(0);
    bench.ask("f", 1, { bytes: 100 });
    await bench.finish(1);
    await bench.finish(2);
    expect(bench.ends.get("f")).toBe("done");
  });
});

describe("Batcher, when a client goes", () => {
  it("refuses what is aborted from the start", async () => {
    const bench = new Bench();
    bench.ask("a", 1, { signal: AbortSignal.abort(gone) });
    await setImmediate();
    expect(bench.ends.get("a")).toBe(gone);
    expect(bench.batches).toEqual([]);
  });

  it("never computes what leaves the queue", async () => {
    const bench = new Bench();
    const client = new AbortController();
    bench.ask("a");
    bench.ask("b", 1, { signal: client.signal });
    bench.ask("c");
    client.abort(gone);
    await setImmediate();
    expect(bench.ends.get("b")).toBe(gone);
    expect(bench.waiting.at(-1)).toBe(1);
    await bench.finish(0);
    expect(bench.batches).toEqual(["a", "c"]);
  });

  it("goes on for the others of a batch", async () => {
    const bench = new Bench();
    const client = new AbortController();
    bench.ask("x");
    bench.ask("a", 1, { signal: client.signal });
    bench.ask("b");
    await bench.finish(0);
    client.abort(gone);
    await setImmediate();
    expect(bench.ends.get("a")).toBe(gone);
    expect(bench.begun[1]?.batch.signal.aborted).toBe(false);
    await bench.finish(1);
    expect(bench.ends.get("b")).toBe("done");
    expect(bench.ends.get("a")).toBe(gone);
  });

  it("stops a batch that nobody waits for", async () => {
    const bench = new Bench();
    const clients = [new AbortController(), new AbortController()];
    bench.ask("x");
    for (const [index, { signal }] of clients.entries()) bench.ask(`a${index}`, 1, { signal });
    await bench.finish(0);
    clients[0]?.abort(gone);
    expect(bench.begun[1]?.batch.signal.aborted).toBe(false);
    clients[1]?.abort(gone);
    expect(bench.begun[1]?.batch.signal.aborted).toBe(true);
    await setImmediate();
    bench.ask("b");
    expect(bench.batches).toEqual(["x", "a0 a1", "b"]);
  });

  it("drops what is left of a large request, and stops its pieces", async () => {
    const bench = new Bench();
    const client = new AbortController();
    bench.ask("large", 12, { signal: client.signal });
    client.abort(gone);
    await setImmediate();
    expect(bench.begun.map(({ batch }) => batch.signal.aborted)).toEqual([true, true]);
    expect(bench.waiting.at(-1)).toBe(0);
    bench.ask("b");
    expect(bench.batches).toEqual(["large[0-4]", "large[4-8]", "b"]);
  });

  it("forgets the signal of a request that was answered", async () => {
    const bench = new Bench();
    const client = new AbortController();
    const remove = vi.spyOn(client.signal, "removeEventListener");
    bench.ask("a", 1, { signal: client.signal });
    await bench.finish(0);
    expect(remove).toHaveBeenCalledOnce();
    client.abort(gone);
    expect(bench.begun[0]?.batch.signal.aborted).toBe(false);
  });
});

describe("Batcher, when a batch fails", () => {
  const failure = new Error("the model failed");

  it("fails the one request of a batch", async () => {
    const bench = new Bench();
    bench.ask("a");
    await bench.fail(0, failure);
    expect(bench.ends.get("a")).toBe(failure);
    bench.ask("b");
    expect(bench.batches).toEqual(["a", "b"]);
  });

  it("computes the requests of a batch one by one, so that only the guilty one fails", async () => {
    const bench = new Bench();
    bench.ask("x");
    for (const name of ["a", "b", "c"]) bench.ask(name);
    await bench.finish(0);
    await bench.fail(1, new Error("one of them"));
    await bench.finish(2);
    expect(bench.ends.get("a")).toBe("done");
    await bench.fail(3, failure);
    await bench.finish(4);
    expect(bench.batches).toEqual(["x", "a b c", "a", "b", "c"]);
    expect(bench.ends.get("b")).toBe(failure);
    expect(bench.ends.get("c")).toBe("done");
  });

  it("does not compute what was given up meanwhile", async () => {
    const bench = new Bench();
    const client = new AbortController();
    bench.ask("x");
    bench.ask("a");
    bench.ask("b", 1, { signal: client.signal });
    await bench.finish(0);
    await bench.fail(1, failure);
    client.abort(gone);
    await bench.finish(2);
    expect(bench.batches).toEqual(["x", "a b", "a"]);
    expect(bench.ends.get("b")).toBe(gone);
  });

  it("fails a large request once, with all its pieces", async () => {
    const bench = new Bench();
    bench.ask("large", 12);
    await bench.fail(0, failure);
    expect(bench.ends.get("large")).toBe(failure);
    expect(bench.begun[1]?.batch.signal.aborted).toBe(true);
    expect(bench.begun).toHaveLength(2);
    expect(bench.waiting.at(-1)).toBe(0);
  });

  it("answers a large request whose last piece was in a batch that failed for another", async () => {
    const bench = new Bench({ maxBatchSize: 4 });
    bench.ask("large", 6);
    bench.ask("b");
    await bench.finish(0);
    expect(bench.batches).toEqual(["large[0-4]", "large[4-6] b"]);
    await bench.fail(1, failure);
    await bench.finish(2);
    await bench.fail(3, failure);
    expect(bench.ends.get("large")).toBe("done");
    expect(bench.ends.get("b")).toBe(failure);
  });
});

describe("Batcher, when it closes", () => {
  it("refuses new requests, answers those that it has, and is closed then", async () => {
    const bench = new Bench();
    let isClosed = false;
    bench.ask("a");
    bench.ask("b");
    void bench.batcher.close().then(() => {
      isClosed = true;
    });
    bench.ask("c");
    await bench.finish(0);
    expect(bench.ends.get("c")).toMatchObject({ code: "TWIN_SERVER_DRAINING" });
    expect(bench.batches).toEqual(["a", "b"]);
    expect(isClosed).toBe(false);
    await bench.finish(1);
    expect(isClosed).toBe(true);
    await bench.batcher.close();
  });

  it("does not wait for more any longer", async () => {
    const bench = new Bench({ maxQueueDelayMs: 1e6 });
    bench.ask("a");
    expect(bench.batches).toEqual([]);
    const closed = bench.batcher.close();
    await bench.finish(0);
    await closed;
    expect(bench.ends.get("a")).toBe("done");
  });

  it("is closed at once where it has nothing", async () => {
    const bench = new Bench();
    await expect(bench.batcher.close()).resolves.toBeUndefined();
  });
});
