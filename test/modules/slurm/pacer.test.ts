import { describe, expect, it } from "vitest";
import { Pacer } from "../../../modules/slurm/pacer.ts";

/** A pacer by a clock that goes on when it sleeps, and when an answer takes its time. */
function paced(leastMs: number) {
  let now = 0;
  const slept: number[] = [];
  const pacer = new Pacer({
    leastMs,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  });
  const answerAfter = (ms: number) => async (): Promise<string> => {
    now += ms;
    return "answer";
  };
  const failAfter = (ms: number) => async (): Promise<never> => {
    now += ms;
    throw new Error("no answer");
  };
  return { pacer, slept, answerAfter, failAfter };
}

describe("Questions to a controller", () => {
  it("wait for the shortest time between two, and longer the longer an answer took", async () => {
    const { pacer, slept, answerAfter } = paced(1000);
    expect(await pacer.ask(answerAfter(10))).toBe("answer");
    await pacer.ask(answerAfter(4000));
    await pacer.ask(answerAfter(50_000));
    await pacer.ask(answerAfter(0));
    expect(slept).toEqual([1000, 20_000, 60_000]);
  });

  it("wait twice as long after each failure, to a minute, and no longer after an answer", async () => {
    const { pacer, slept, answerAfter, failAfter } = paced(1000);
    for (let round = 0; round < 8; round++) await expect(pacer.ask(failAfter(0))).rejects.toThrow("no answer");
    await pacer.ask(answerAfter(0));
    await pacer.ask(answerAfter(0));
    expect(slept).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 1000]);
  });

  it("are asked one at a time, in their order, also after one that failed", async () => {
    const { pacer, failAfter } = paced(0);
    const events: string[] = [];
    const ask = (name: string) => async (): Promise<void> => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
    };
    await Promise.allSettled([pacer.ask(ask("a")), pacer.ask(failAfter(0)), pacer.ask(ask("b"))]);
    expect(events).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("are given up with the signal's reason while they wait, which says nothing of the controller", async () => {
    const { pacer, slept, answerAfter } = paced(1000);
    await pacer.ask(answerAfter(0));
    const asked: string[] = [];
    const canceled = AbortSignal.abort(new Error("enough"));
    await expect(pacer.ask(async () => asked.push("asked"), canceled)).rejects.toThrow("enough");
    await pacer.ask(answerAfter(0));
    expect([asked, slept]).toEqual([[], [1000]]);
  });
});
