import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { SEND_WINDOW, sendPaced } from "../../cli/send-paced.ts";

const { signal } = new AbortController();

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

describe("sending at a pace", () => {
  it("has no more on its way than the window, counted from the first that has not arrived", async () => {
    let most = 0;
    let arrive: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const sending = sendPaced(
      numbers(SEND_WINDOW + 500),
      async (each) => {
        most = each;
        if (each === 0) await first;
      },
      { perSecond: 0, signal },
    );
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    expect(most).toBe(SEND_WINDOW - 1);
    arrive();
    expect(await sending).toMatchObject({ begun: SEND_WINDOW + 500, arrived: SEND_WINDOW + 500 });
  });

  it("sends nothing after a failure, and lets what is on its way arrive before it tells", async () => {
    const begun: number[] = [];
    const arrived: number[] = [];
    const sending = sendPaced(
      numbers(100),
      async (each) => {
        begun.push(each);
        await sleep(each === 5 ? 5 : 50);
        if (each === 5) throw new Error("no room");
        arrived.push(each);
      },
      { perSecond: 1000, signal },
    );
    await expect(sending).rejects.toThrow("no room");
    expect(begun.length).toBeLessThan(100);
    expect(arrived).toEqual(begun.filter((each) => each !== 5));
  });

  it("tells a failure at once, also when the next is due much later", async () => {
    const sending = sendPaced(numbers(2), async () => Promise.reject(new Error("gone")), { perSecond: 1e-3, signal });
    await expect(sending).rejects.toThrow("gone");
  });

  it("makes up for what a slow source held up", async () => {
    async function* halting(): AsyncGenerator<number> {
      yield 0;
      await sleep(100);
      yield* numbers(10);
    }
    const times: number[] = [];
    const start = performance.now();
    await sendPaced(halting(), async () => void times.push(performance.now() - start), { perSecond: 100, signal });
    // Ten were due within 100 ms, so they come together after the halt.
    expect(times.length).toBe(11);
    expect(times[1]).toBeGreaterThan(98);
  });

  it("ends what makes them when it is ended, and throws no reason", async () => {
    const end = new AbortController();
    let isClosed = false;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        isClosed = true;
      }
    }
    const sent = await sendPaced(
      endless(),
      async (each) => {
        if (each === 7) end.abort();
      },
      { perSecond: 0, signal: end.signal },
    );
    expect([sent.begun, sent.arrived, isClosed]).toEqual([8, 8, true]);
  });

  it("throws what making them throws", async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new Error("no showers");
    }
    await expect(sendPaced(failing(), async () => undefined, { perSecond: 0, signal })).rejects.toThrow("no showers");
  });
});
