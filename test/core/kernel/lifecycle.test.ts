import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import {
  constant,
  createTwin,
  definePlugin,
  Log,
  type LogFields,
  many,
  type Plugin,
  type Startable,
  type Token,
  TwinError,
  token,
} from "../../../core/index.ts";
import { Diary } from "./parts.ts";

const Anything: Token<object> = token("test/anything");

/** A part that needs the parts which provide `needs`, and provides its own name. */
function part(name: string, create: () => object, ...needs: string[]): Plugin<object> {
  return definePlugin({
    name: `test/${name}`,
    version: "1.0.0",
    provides: token<object>(`test/${name}`),
    needs: Object.fromEntries(needs.map((need) => [need, token<object>(`test/${need}`)])),
    create,
  })();
}

/** a ← b ← c, and d beside them; listed the other way round. */
function chain(diary: Diary, changes: Record<string, () => object> = {}): Record<string, Plugin<object>> {
  const make = (name: string): (() => object) => changes[name] ?? (() => diary.of(name));
  return {
    d: part("d", make("d")),
    c: part("c", make("c"), "b"),
    b: part("b", make("b"), "a"),
    a: part("a", make("a")),
  };
}

class LensBrokenError extends TwinError {
  override readonly name = "LensBrokenError";
  override readonly code = "TEST_LENS_BROKEN";
}

describe("a twin's life", () => {
  it("creates everything, then starts in dependency order, and stops in reverse", async () => {
    const diary = new Diary();
    const twin = await createTwin({ plugins: chain(diary) });
    await twin.stop();
    expect(diary.lines.map((line) => line.replace("create", "+").replace("start", ">").replace("stop", "<"))).toEqual([
      ...["+ d", "+ a", "+ b", "+ c"],
      ...["> d", "> a", "> b", "> c"],
      ...["< c", "< b", "< a", "< d"],
    ]);
  });

  it("waits for each start before the next", async () => {
    const lines: string[] = [];
    const slow = {
      start: async (): Promise<void> => {
        await delay(5);
        lines.push("a started");
      },
    };
    const twin = await createTwin({
      plugins: { b: part("b", () => ({ start: () => void lines.push("b starts") }), "a"), a: part("a", () => slow) },
    });
    expect(lines).toEqual(["a started", "b starts"]);
    await twin.stop();
  });

  it("stops at the end of `await using`", async () => {
    const diary = new Diary();
    {
      await using twin = await createTwin({ plugins: { a: part("a", () => diary.of("a")) } });
      expect(twin.a).toBeDefined();
    }
    expect(diary.lines.at(-1)).toBe("stop a");
  });

  it("stops once, however often and however concurrently it is asked", async () => {
    const stop = vi.fn(() => delay(5));
    const twin = await createTwin({ plugins: { a: part("a", () => ({ stop })) } });
    await Promise.all([twin.stop(), twin.stop(), twin[Symbol.asyncDispose]()]);
    await twin.stop();
    expect(stop).toHaveBeenCalledTimes(1);
  });

  it("calls start and stop with the part as `this`", async () => {
    class Lens implements Startable {
      #open = false;
      start(): void {
        this.#open = true;
      }
      isOpen(): boolean {
        return this.#open;
      }
    }
    await using twin = await createTwin({ plugins: { lens: constant(Anything, new Lens()) } });
    expect(twin.lens.isOpen()).toBe(true);
  });

  it("starts and stops a value once that has several names", async () => {
    const diary = new Diary();
    const shared = part(
      "shared",
      (
        (value) => () =>
          value
      )(diary.of("shared")),
    );
    const pass = definePlugin({
      name: "test/pass",
      version: "1.0.0",
      provides: Anything,
      needs: { whole: token<object>("test/user") },
      create: ({ whole }) => whole,
    });
    const twin = await createTwin({
      plugins: { one: shared, two: shared, same: pass(), user: part("user", () => diary.of("user")) },
    });
    await twin.stop();
    expect(diary.lines.slice(1)).toEqual(["create user", "start shared", "start user", "stop user", "stop shared"]);
  });

  it("leaves fields alone that are called start and stop but are no functions", async () => {
    const range = { start: 0, stop: 10 };
    await using twin = await createTwin({ plugins: { range: constant(Anything, range) } });
    expect(twin.range).toBe(range);
  });

  it("waits for a part that comes as a thenable", async () => {
    const later = (): object => ({
      // biome-ignore lint/suspicious/noThenProperty: what is tested.
      then: (resolve: (value: object) => void) => void setTimeout(resolve, 1, { ready: true }),
    });
    await using twin = await createTwin({ plugins: { later: part("later", later) } });
    expect(twin.later).toEqual({ ready: true });
  });

  it("does not let a failed stop keep the others from stopping, and tells all failures", async () => {
    const diary = new Diary();
    const fail =
      (name: string): (() => object) =>
      () => ({
        stop: () => {
          throw new Error(`${name} is stuck`);
        },
      });
    const twin = await createTwin({ name: "t", plugins: chain(diary, { b: fail("b"), d: fail("d") }) });
    await expect(twin.stop()).rejects.toMatchObject({
      code: "TWIN_STOP_FAILED",
      message: 'Twin "t" did not stop cleanly. "b": b is stuck; "d": d is stuck',
      failures: [{ part: "b" }, { part: "d" }],
      cause: { errors: [{ message: "b is stuck" }, { message: "d is stuck" }] },
    });
    expect(diary.lines.slice(-2)).toEqual(["stop c", "stop a"]);
  });

  it("names the part that does not stop in time, and stops the others", async () => {
    const diary = new Diary();
    const stuck = { stop: () => new Promise<void>(() => undefined) };
    const twin = await createTwin({ plugins: chain(diary, { b: () => stuck }), stopTimeoutMs: 20 });
    await expect(twin.stop()).rejects.toMatchObject({
      failures: [{ part: "b", error: { code: "TWIN_STOP_TIMEOUT", part: "b", timeoutMs: 20 } }],
    });
    expect(diary.lines.slice(-3)).toEqual(["stop c", "stop a", "stop d"]);
  });
});

describe("a start that fails", () => {
  it("stops what had started, in reverse, and nothing else", async () => {
    const diary = new Diary();
    const fail = (): object => ({
      start: () => {
        throw new Error("no light");
      },
      stop: () => void diary.lines.push("stop b"),
    });
    await expect(createTwin({ plugins: chain(diary, { b: fail }) })).rejects.toMatchObject({
      code: "TWIN_START_FAILED",
      part: "b",
      plugin: "test/b",
      phase: "start",
      message: 'Part "b" (test/b) could not be started: no light',
      cause: { message: "no light" },
    });
    expect(diary.lines.slice(-4)).toEqual(["start d", "start a", "stop a", "stop d"]);
  });

  it("passes a coded error as it is", async () => {
    const fail = (): object => {
      throw new LensBrokenError("The lens is broken.");
    };
    await expect(createTwin({ plugins: { a: part("a", fail) } })).rejects.toBeInstanceOf(LensBrokenError);
  });

  it.each([
    ["text", "text"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "an object that has no text"],
    [new RangeError("Maximum call stack size exceeded"), "Maximum call stack size exceeded"],
  ])("names the part whatever it throws: %s", async (thrown, reason) => {
    const fail = (): object => {
      throw thrown;
    };
    const failure = { code: "TWIN_START_FAILED", part: "a", cause: thrown };
    const created = createTwin({ plugins: { a: part("a", fail) } });
    await expect(created).rejects.toMatchObject({ ...failure, message: expect.stringContaining(`created: ${reason}`) });
    const started = createTwin({ plugins: { a: part("a", () => ({ start: fail })) } });
    await expect(started).rejects.toMatchObject({ ...failure, message: expect.stringContaining(`started: ${reason}`) });
    const twin = await createTwin({ plugins: { a: part("a", () => ({ stop: fail })) } });
    await expect(twin.stop()).rejects.toMatchObject({
      code: "TWIN_STOP_FAILED",
      failures: [{ part: "a", error: thrown }],
    });
  });

  it("starts nothing when a part cannot be created, and stops parts that have no start", async () => {
    const diary = new Diary();
    const fail = async (): Promise<object> => {
      await delay(1);
      throw new Error("no glass");
    };
    const opened = { stop: () => void diary.lines.push("stop a") };
    await expect(createTwin({ plugins: chain(diary, { a: () => opened, b: fail }) })).rejects.toMatchObject({
      code: "TWIN_START_FAILED",
      phase: "create",
    });
    expect(diary.lines).toEqual(["create d", "stop a"]);
  });

  it("keeps the first error, and the failures of the clean-up beside it", async () => {
    const diary = new Diary();
    const stuck = (): object => ({
      start: () => undefined,
      stop: () => {
        throw new Error("a is stuck");
      },
    });
    const fail = (): object => ({
      start: () => {
        throw new LensBrokenError("The lens is broken.");
      },
    });
    await expect(createTwin({ plugins: chain(diary, { a: stuck, b: fail }) })).rejects.toMatchObject({
      code: "TEST_LENS_BROKEN",
      suppressed: [{ message: "a is stuck" }],
    });
    expect(diary.lines.at(-1)).toBe("stop d");
  });
});

describe("a start that takes too long", () => {
  it.each(["create", "start"] as const)("names plugin and part when %s does, and aborts its signal", async (phase) => {
    let seen: AbortSignal | undefined;
    const hang = (signal: AbortSignal): Promise<never> => {
      seen = signal;
      return new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const slow = definePlugin({
      name: "test/slow",
      version: "1.0.0",
      provides: Anything,
      create: async (_needs, _options, { signal }): Promise<object> =>
        phase === "create" ? hang(signal) : { start: (options: { signal: AbortSignal }) => hang(options.signal) },
    });
    await expect(createTwin({ plugins: { lens: slow() }, startTimeoutMs: 20 })).rejects.toMatchObject({
      code: "TWIN_START_TIMEOUT",
      part: "lens",
      plugin: "test/slow",
      phase,
      timeoutMs: 20,
    });
    expect(seen?.aborted).toBe(true);
    expect(seen?.reason).toMatchObject({ code: "TWIN_START_TIMEOUT" });
  });

  it("waits for a part that notices, and stops it before what it depends on", async () => {
    const diary = new Diary();
    const finishes = (): object => ({
      start: ({ signal }: { signal: AbortSignal }) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
      stop: () => void diary.lines.push("stop b"),
    });
    await expect(createTwin({ plugins: chain(diary, { b: finishes }), startTimeoutMs: 20 })).rejects.toMatchObject({
      code: "TWIN_START_TIMEOUT",
    });
    expect(diary.lines.slice(-3)).toEqual(["stop b", "stop a", "stop d"]);
  });

  it.each(["create", "start"] as const)(
    "cleans up a part whose %s finishes after everything is over",
    async (phase) => {
      let finish = (): void => undefined;
      const stopped = new Promise<void>((resolve) => {
        const late = new Promise<void>((done) => {
          finish = done;
        });
        const stop = (): void => resolve();
        const create = (): object => (phase === "start" ? { start: () => late, stop } : late.then(() => ({ stop })));
        const composing = createTwin({ plugins: { a: part("a", create) }, startTimeoutMs: 10, stopTimeoutMs: 10 });
        composing.catch(() => finish());
      });
      await stopped;
    },
  );
});

describe("timeouts", () => {
  it.each([0, -1, Number.NaN, "100" as unknown as number])("refuses %j", async (startTimeoutMs) => {
    await expect(createTwin({ plugins: {}, startTimeoutMs })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("may be endless", async () => {
    const slow = { start: () => delay(5) };
    const endless = Number.POSITIVE_INFINITY;
    const twin = await createTwin({
      plugins: { a: part("a", () => slow) },
      startTimeoutMs: endless,
      stopTimeoutMs: endless,
    });
    await twin.stop();
  });
});

describe("calling creation off", () => {
  it("creates nothing when the signal is aborted already", async () => {
    const create = vi.fn(() => ({}));
    const reason = new Error("not now");
    const signal = AbortSignal.abort(reason);
    await expect(createTwin({ plugins: { a: part("a", create) }, signal })).rejects.toBe(reason);
    expect(create).not.toHaveBeenCalled();
  });

  it("rejects with the reason, tells the part under way, and stops the others", async () => {
    const diary = new Diary();
    const controller = new AbortController();
    const reason = new Error("enough");
    const notices = (): object => ({
      start: ({ signal }: { signal: AbortSignal }) => {
        controller.abort(reason);
        return new Promise<void>((_resolve, reject) => {
          const fail = (): void => reject(new Error("I was interrupted"));
          if (signal.aborted) fail();
          else signal.addEventListener("abort", fail);
        });
      },
      stop: () => void diary.lines.push("stop b"),
    });
    const composing = createTwin({ plugins: chain(diary, { b: notices }), signal: controller.signal });
    await expect(composing).rejects.toBe(reason);
    expect(diary.lines.slice(-2)).toEqual(["stop a", "stop d"]);
  });

  it("leaves no listener on the signal, and does not end a twin that runs", async () => {
    const diary = new Diary();
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const twin = await createTwin({ plugins: chain(diary), signal: controller.signal });
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
    controller.abort();
    expect(diary.lines).not.toContain("stop a");
    await twin.stop();
  });
});

describe("the log of a part", () => {
  it("is the twin's own, says which part speaks, and keeps what was said before it existed", async () => {
    const said: [LogFields, string][] = [];
    const log: Log = {
      debug: (fields, message) => void said.push([fields, message]),
      info: (fields, message) => void said.push([fields, message]),
      warn: (fields, message) => void said.push([fields, message]),
      error: (fields, message) => void said.push([fields, message]),
    };
    const Paper = token<object>("test/paper");
    const speaker = (name: string, provides: Token<object>): Plugin<object> =>
      definePlugin({
        name,
        version: "1.0.0",
        provides,
        create: (_needs, _options, context) => {
          context.log.info({ sheets: 3 }, "created");
          return {};
        },
      })();
    const writer = definePlugin({
      name: "test/log",
      version: "1.0.0",
      provides: Log,
      needs: { paper: many(Paper) },
      create: () => log,
    });
    await using twin = await createTwin({
      plugins: { a: speaker("test/a", Anything), log: writer(), paper: speaker("test/paper", Paper) },
    });
    expect(said).toEqual([
      [{ part: "paper", sheets: 3 }, "created"],
      [{ part: "a", sheets: 3 }, "created"],
    ]);
    expect(twin.log).toBe(log);
  });
});
