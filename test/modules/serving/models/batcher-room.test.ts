import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Bench } from "./batcher-bench.ts";

const gone = new Error("the client went");

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
