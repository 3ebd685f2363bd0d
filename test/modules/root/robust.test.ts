import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  findVariable,
  LocalSource,
  type Source,
  type SourceFile,
  SourceUnavailableError,
  type WorkerClient,
  WorkerRequestError,
} from "../../../core/index.ts";
import { codedFailure } from "../../../modules/root/failures.ts";
import { Root } from "../../../modules/root/root.ts";
import { FIXTURES, useRoot } from "./shared.ts";

const { root, path } = useRoot();

describe("the worker", () => {
  it("is replaced after a crash, and open files go on in the new one", async () => {
    await using file = await root.open(join(FIXTURES, "types-zlib.root"));
    await workerOf(root).replace(new Error("a crash"));
    expect((await findVariable(file, "/data/tree/text").read({ entry: 7 })).at()).toBe("éé7");
    await workerOf(root).replace(new Error("a crash"));
    expect((await findVariable(file, "/hist/values").read()).size).toBe(5);
  });

  it("gives up what takes too long, by code", async () => {
    const impatient = new Root({ cacheBytes: 0, timeoutMs: 1 });
    // Starting the worker alone takes longer.
    await expect(impatient.open(join(FIXTURES, "conformance.root"))).rejects.toMatchObject({
      code: "TWIN_READ_TIMEOUT",
    });
    await impatient.stop();
  });

  it("is asked nothing any more once the connector has stopped", async () => {
    const other = new Root({ cacheBytes: 0, timeoutMs: 60_000 });
    const file = await other.open(join(FIXTURES, "conformance.root"));
    await other.stop();
    await expect(findVariable(file, "/events/time").read()).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
    await file.close();
  });
});

describe("a file from a source", () => {
  it("is read by ranges: a slice takes its baskets, not the file", async () => {
    const source = new CountingSource();
    const remote = new Root({ cacheBytes: 0, timeoutMs: 60_000, sources: [source] });
    await using file = await remote.open("far:types-zlib.root");
    const variable = findVariable(file, "/data/tree/float64_fixed");
    const whole = await variable.read();
    source.bytes = 0;
    const part = await variable.read({ entry: { start: 45, stop: 50 } });
    // The second of two baskets, of 20 entries of 3 float64.
    expect(source.bytes).toBeGreaterThan(0);
    expect(source.bytes).toBeLessThan(20 * 3 * 8 + 200);
    expect([...part.values()]).toEqual([...whole.slice({ entry: { start: 45, stop: 50 } }).values()]);
    await remote.stop();
  });

  it.each([0, 1, 3, 8])(
    "that fails at request %i gives the source's own error, never a part of the values",
    async (at) => {
      const source = new CountingSource(at);
      const remote = new Root({ cacheBytes: 0, timeoutMs: 60_000, sources: [source] });
      const reading = async (): Promise<void> => {
        await using file = await remote.open("far:conformance.root");
        for (const name of ["time", "temperature", "flags", "hits/values"])
          await findVariable(file, `/events/${name}`).read();
        await findVariable(file, "/profile/values").read();
      };
      await expect(reading()).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
      await remote.stop();
    },
  );
});

describe("damage", () => {
  it("in one basket is an error that names the file and the variable, and others are still read", async () => {
    const bytes = readFileSync(join(FIXTURES, "types-lz4.root"));
    const header = bytes.indexOf(Buffer.from("\x07TBasket\x04text", "latin1"));
    bytes.fill(0xff, header + 60, header + 120);
    await writeFile(path("damaged.root"), bytes);
    await using file = await root.open(path("damaged.root"));
    await expect(findVariable(file, "/data/tree/text").read()).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringMatching(/damaged\.root.*\/data\/tree\/text/),
      cause: expect.any(WorkerRequestError),
    });
    expect((await findVariable(file, "/data/tree/int32").read()).size).toBe(60);
  });

  it("of a missing package is told with the command that installs it", () => {
    const failure = new WorkerRequestError({ kind: "package", message: "Cannot find package 'jsroot'" });
    expect(codedFailure(failure, { what: "open", location: "a.root" })).toMatchObject({
      code: "TWIN_PACKAGE_MISSING",
      install: "npm install --ignore-scripts jsroot@7.11.2",
    });
  });
});

/** The worker is private; tests end it as a crash would. */
function workerOf(connector: Root): WorkerClient<unknown> {
  return (connector as unknown as { readonly client: WorkerClient<unknown> }).client;
}

/** The fixtures from afar: counts bytes, and goes away before a request. */
class CountingSource implements Source {
  readonly prefixes: readonly string[] = ["far:"];
  bytes = 0;
  readonly #failsAt: number;
  #requests = 0;

  constructor(failsAt = Number.POSITIVE_INFINITY) {
    this.#failsAt = failsAt;
  }

  async open(location: string): Promise<SourceFile> {
    const file = await new LocalSource().open(join(FIXTURES, location.slice("far:".length)));
    return {
      location,
      bytes: file.bytes,
      version: file.version,
      readInto: async (target, position, options) => {
        if (this.#requests++ >= this.#failsAt) throw new SourceUnavailableError(location, "it went away.");
        this.bytes += target.length;
        await file.readInto(target, position, options);
      },
      localPath: () => Promise.reject(new Error("no copy is needed")),
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
  }

  async *list(): AsyncGenerator<never> {}
}
