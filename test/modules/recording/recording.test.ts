import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createTwin, EventStream, openJournal, resolveNeeds, type SubscribeOptions, type Subscription } from "twinloom";
import {
  openRecording,
  type RecordedMessage,
  RecordedStream,
  readRecording,
  recordedStream,
  recordStream,
} from "twinloom/modules/recording";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memory, recordMessages } from "./sample.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-recording-"));
  file = join(folder, "run.twr");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const MESSAGES = [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(300, "message"), Buffer.alloc(1 << 20, 9)];

async function readAll(path = file): Promise<readonly RecordedMessage[]> {
  const messages: RecordedMessage[] = [];
  for await (const message of readRecording(path)) messages.push(message);
  return messages;
}

function equal(messages: readonly RecordedMessage[], expected: readonly Uint8Array[]): boolean {
  return (
    messages.length === expected.length &&
    messages.every(({ payload }, index) => Buffer.compare(payload, expected[index] as Uint8Array) === 0)
  );
}

describe("a recording", () => {
  it("has every message byte for byte, with the time at which it came", async () => {
    let now = 1_700_000_000_000.25;
    const recorded = await recordMessages(MESSAGES, file, { clock: { now: () => now++ } });
    expect(recorded).toEqual({ messages: 4, bytes: 1 + 300 + (1 << 20) });
    const messages = await readAll();
    expect(equal(messages, MESSAGES)).toBe(true);
    expect(messages.map(({ arrivalNs }) => arrivalNs)).toEqual(
      [0n, 1n, 2n, 3n].map((ms) => 1_700_000_000_000_250_000n + ms * 1_000_000n),
    );
  });

  it("ends with the subscription, and says how much there was", async () => {
    const stream = memory();
    const subscription = await stream.subscribe();
    const recording = recordStream(subscription, file, {
      onProgress: ({ messages }) => {
        if (messages === MESSAGES.length) void subscription[Symbol.asyncDispose]();
      },
    });
    for (const message of MESSAGES) await stream.publish(message);
    expect(await recording).toEqual({ messages: 4, bytes: 1 + 300 + (1 << 20) });
  });

  it("acknowledges what is in the file and durable, and nothing else", async () => {
    const stream = memory();
    const subscription = await stream.subscribe({ name: "recorder", window: 7 });
    const abort = new AbortController();
    const recording = recordStream(subscription, file, {
      signal: abort.signal,
      onProgress: ({ messages }) => {
        if (messages === 20) abort.abort(new Error("called off"));
      },
    });
    const messages = Array.from({ length: 50 }, (_, index) => Buffer.alloc(1000, index));
    for (const message of messages) await stream.publish(message);
    await expect(recording).rejects.toThrow("called off");
    const recorded = await readAll();
    expect(recorded.length).toBeGreaterThanOrEqual(20);
    const rest: Uint8Array[] = [];
    const again = await stream.subscribe({ name: "recorder" });
    for await (const { payload } of again) {
      rest.push(payload);
      if (rest.length + recorded.length === messages.length) break;
    }
    expect(equal(recorded, messages.slice(0, recorded.length))).toBe(true);
    expect(Buffer.concat(rest).equals(Buffer.concat(messages.slice(recorded.length)))).toBe(true);
  });

  it("says that its subscription cannot be disposed of, and to nobody else", async () => {
    const stream = memory();
    const subscription = await stream.subscribe();
    const abort = new AbortController();
    const failing: Subscription = {
      lag: subscription.lag,
      [Symbol.asyncIterator]: () => subscription[Symbol.asyncIterator](),
      [Symbol.asyncDispose]: async () => {
        await subscription[Symbol.asyncDispose]();
        throw new Error("the broker does not say goodbye");
      },
    };
    const recording = recordStream(failing, file, { signal: abort.signal, onProgress: () => abort.abort() });
    await stream.publish(Buffer.from("only"));
    const error: Error = await recording.then(
      () => expect.fail("it did not fail"),
      (each: Error) => each,
    );
    expect(error).toMatchObject({
      error: { message: "the broker does not say goodbye" },
      suppressed: abort.signal.reason,
    });
    expect((await readAll()).length).toBe(1);
  });

  it("goes on with one that is there when it is asked to, and refuses to otherwise", async () => {
    await recordMessages(MESSAGES, file);
    await expect(recordMessages([Buffer.from("new")], file)).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
    await recordMessages(MESSAGES, file, { existing: "append" });
    expect(equal(await readAll(), [...MESSAGES, ...MESSAGES])).toBe(true);
  });

  it("is written message by message where there is no stream yet", async () => {
    const clock = { now: () => 1000 };
    await using recording = await openRecording(file, { clock });
    await expect(openRecording(file, { existing: "append" })).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
    for (const message of MESSAGES.slice(0, 2)) await recording.append(message);
    expect(equal(await readAll(), MESSAGES.slice(0, 2))).toBe(true);
    await recording.close();
    await expect(openRecording(file)).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
    await using again = await openRecording(file, { existing: "append", clock });
    expect(again.found).toMatchObject({ records: 2, isClosed: true });
    for (const message of MESSAGES.slice(2)) await again.append(message);
    const messages = await readAll();
    expect(equal(messages, MESSAGES)).toBe(true);
    expect(new Set(messages.map(({ arrivalNs }) => arrivalNs))).toEqual(new Set([1_000_000_000n]));
  });

  it("has one recorder at a time", async () => {
    await using _journal = await openJournal(file, { kind: "twinloom.recording.v1" });
    const recording = recordMessages([Buffer.from("new")], file, { existing: "append" });
    await expect(recording).rejects.toMatchObject({ code: "TWIN_FILE_LOCKED" });
  });

  it("can be read while it is written", async () => {
    const stream = memory();
    const abort = new AbortController();
    const subscription = await stream.subscribe();
    const seen: number[] = [];
    const recording = recordStream(subscription, file, {
      signal: abort.signal,
      onProgress: async ({ messages }) => {
        if (messages !== 10) return;
        seen.push((await readAll()).length);
        abort.abort(new Error("called off"));
      },
    });
    for (let index = 0; index < 10; index++) await stream.publish(Buffer.alloc(3000, index));
    await expect(recording).rejects.toThrow("called off");
    expect(seen).toEqual([10]);
  });

  it("says what it is given instead of a recording", async () => {
    await writeFile(join(folder, "text"), "no recording");
    const other = await openJournal(join(folder, "other"), { kind: "state.v1" });
    await other.close();
    const short = await openJournal(join(folder, "short"), { kind: "twinloom.recording.v1" });
    await short.append(new Uint8Array(3));
    await short.close();
    for (const [name, code] of [
      ["none", "TWIN_FILE_NOT_FOUND"],
      ["text", "TWIN_FILE_UNREADABLE"],
      ["other", "TWIN_FILE_UNREADABLE"],
      ["short", "TWIN_READ_FAILED"],
    ] as const) {
      await expect(readAll(join(folder, name)), name).rejects.toMatchObject({ code });
      await expect(new RecordedStream(join(folder, name)).subscribe(), name).rejects.toMatchObject({ code });
    }
  });

  it("gives no wrong payload when it is damaged: those before it, and then where", async () => {
    const messages = Array.from({ length: 9 }, (_, index) => Buffer.alloc(50, index));
    await recordMessages(messages, file);
    const bytes = await readFile(file);
    const damaged = bytes.length - 200;
    await writeFile(file, bytes.with(damaged, (bytes[damaged] as number) ^ 4));
    const stream = new RecordedStream(file);
    const got: Uint8Array[] = [];
    const playing = (async () => {
      for await (const { payload } of await stream.subscribe()) got.push(payload);
    })();
    await expect(playing).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("damaged at byte"),
    });
    expect(Buffer.concat(got).equals(Buffer.concat(messages.slice(0, got.length)))).toBe(true);
    await stream.stop();
  });

  it("says to each of a group, and to the next of a name, that it is damaged", async () => {
    await recordMessages(
      [1, 2, 3].map((value) => Buffer.alloc(50, value)),
      file,
    );
    const bytes = await readFile(file);
    const damaged = bytes.indexOf(Buffer.alloc(50, 2));
    await writeFile(file, bytes.with(damaged, 4));
    const stream = new RecordedStream(file);
    const play = async (options: SubscribeOptions): Promise<void> => {
      await using subscription = await stream.subscribe(options);
      for await (const delivery of subscription) delivery.acknowledge();
    };
    const others = await stream.subscribe({ group: "workers" });
    for (const options of [{ group: "workers" }, { group: "workers" }, { name: "worker" }, { name: "worker" }]) {
      await expect(play(options)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    }
    await others[Symbol.asyncDispose]();
    await stream.stop();
  });

  it("plays as a part of a twin, to as many as listen, and to a name from where it was", async () => {
    const messages = Array.from({ length: 2500 }, (_, index) => Buffer.from(`${index}`));
    await recordMessages(messages, file);
    await using twin = await createTwin({ plugins: { events: recordedStream({ file }) } });
    const { stream } = resolveNeeds(twin, { stream: EventStream });
    const play = async (name?: string, most = Number.POSITIVE_INFINITY): Promise<readonly number[]> => {
      await using subscription = await stream.subscribe({ name });
      const got: number[] = [];
      for await (const delivery of subscription) {
        got.push(Number(Buffer.from(delivery.payload).toString()));
        delivery.acknowledge();
        if (got.length === most) break;
      }
      return got;
    };
    const all = messages.map((_, index) => index);
    expect(await Promise.all([play(), play()])).toEqual([all, all]);
    expect(await play("worker", 1200)).toEqual(all.slice(0, 1200));
    expect(await play("worker")).toEqual(all.slice(1200));
  });

  it("ends for one of a group that has not acknowledged yet, when the other has left", async () => {
    await recordMessages([Buffer.from("only")], file);
    const stream = new RecordedStream(file);
    const staying = await stream.subscribe({ group: "workers" });
    const leaving = await stream.subscribe({ group: "workers" });
    const iterator = staying[Symbol.asyncIterator]();
    await iterator.next();
    const end = iterator.next();
    // It has looked, found that the other might hand something on, and waits.
    await setTimeout(50);
    await leaving[Symbol.asyncDispose]();
    expect(await end).toMatchObject({ done: true });
    await stream.stop();
  });

  it("does not start where there is none", async () => {
    const twin = createTwin({ plugins: { events: recordedStream({ file: join(folder, "none.twr") }) } });
    await expect(twin).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });
});
