import { afterEach, describe, expect, it, vi } from "vitest";
import { Bench } from "./batcher-bench.ts";

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
