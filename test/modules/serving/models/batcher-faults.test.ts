import { setImmediate } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { Bench } from "./batcher-bench.ts";

const gone = new Error("the client went");

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
