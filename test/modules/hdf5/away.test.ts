import { closeSync, copyFileSync, openSync, readdirSync, readlinkSync, renameSync, statSync } from "node:fs";
import { copyFile, truncate, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  findVariable,
  openSource,
  type Source,
  type SourceEntry,
  type SourceFile,
  SourceUnavailableError,
  type Variable,
} from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { FIXTURES, useHdf5, workerOf } from "./shared.ts";

/** Both files have no cache, so that every read goes to the file. */
const { hdf5, path } = useHdf5({ cacheBytes: 0, retryMs: 1000 });
const impatient = useHdf5({ cacheBytes: 0, retryMs: 0 });

let copies = 0;

function copyOfFixture(): string {
  const copy = path(`copy-${++copies}.h5`);
  copyFileSync(join(FIXTURES, "storage.h5"), copy);
  return copy;
}

/** By ways of reading: past HDF5, past HDF5 in chunks, by HDF5. */
const VARIABLES = ["contiguous", "gzip", "szip"];

const sound = async (variable: Variable): Promise<void> => {
  expect((await variable.read({ dim_0: 11, dim_1: 9, dim_2: 5 })).at()).toBe(719);
};

/**
 * Puts something else under the descriptors of a file, all of which are this process's: as when its mount goes away, each
 * read then fails (a folder) or gives nothing (`/dev/null`).
 */
function replaceDescriptors(location: string, by: string): void {
  for (const name of readdirSync("/proc/self/fd")) {
    if (targetOf(name) !== location) continue;
    closeSync(Number(name));
    // The system gives the lowest free number.
    expect(openSync(by, "r")).toBe(Number(name));
  }
}

function targetOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

describe.skipIf(process.platform !== "linux")("a file whose mount goes away", () => {
  for (const [what, by] of [
    ["fails", "/"],
    ["gives nothing", "/dev/null"],
  ] as const) {
    for (const name of VARIABLES) {
      it(`is opened again where reading ${what}: ${name}`, async () => {
        const location = copyOfFixture();
        await using file = await hdf5.open(location);
        const variable = findVariable(file, name);
        await sound(variable);
        replaceDescriptors(location, by);
        await sound(variable);
      });

      it(`is one coded error where reading ${what} and there is no budget: ${name}`, async () => {
        const location = copyOfFixture();
        await using file = await impatient.hdf5.open(location);
        const variable = findVariable(file, name);
        replaceDescriptors(location, by);
        await expect(variable.read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED", location });
        await sound(variable);
      });
    }
  }

  it("is waited for, and given up after the budget", async () => {
    const location = copyOfFixture();
    await using file = await hdf5.open(location);
    const variable = findVariable(file, "gzip");
    renameSync(location, `${location}.away`);
    replaceDescriptors(`${location}.away`, "/");
    const reading = variable.read({ dim_0: 11, dim_1: 9, dim_2: 5 });
    await delay(200);
    renameSync(`${location}.away`, location);
    expect((await reading).at()).toBe(719);

    renameSync(location, `${location}.away`);
    replaceDescriptors(`${location}.away`, "/");
    await expect(variable.read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED", location });
  });

  it("is not waited for by a caller that has lost interest", async () => {
    const location = copyOfFixture();
    await using file = await hdf5.open(location);
    renameSync(location, `${location}.away`);
    replaceDescriptors(`${location}.away`, "/");
    const caller = new AbortController();
    const reading = findVariable(file, "gzip").read({}, { signal: caller.signal });
    setTimeout(() => caller.abort(new Error("enough")), 100);
    await expect(reading).rejects.toThrow("enough");
  });
});

describe("a file that changes while it is open", () => {
  it.each(VARIABLES)("is an error, and no zeros, when it is cut short: %s", async (name) => {
    const location = copyOfFixture();
    await using file = await hdf5.open(location);
    await truncate(location, 3000);
    await expect(findVariable(file, name).read()).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining("changed"),
    });
  });

  it("is not read on when it is written to", async () => {
    const location = copyOfFixture();
    await using file = await hdf5.open(location);
    await utimes(location, 1, 1);
    await expect(findVariable(file, "szip").read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });

  it("is read on when another takes its name: the open one is still there", async () => {
    const location = copyOfFixture();
    await using file = await hdf5.open(location);
    await sound(findVariable(file, "gzip"));
    await copyFile(join(FIXTURES, "numbers.h5"), `${location}.new`);
    renameSync(`${location}.new`, location);
    expect(statSync(location).size).toBe(statSync(join(FIXTURES, "numbers.h5")).size);
    await sound(findVariable(file, "szip"));
  });
});

describe("a file of a source", () => {
  const location = "test://institute/storage.h5";

  it("is read from the source's copy, and spoken of as the user does", async () => {
    const source = new CopyingSource(copyOfFixture());
    const connector = new Hdf5({ cacheBytes: 0, timeoutMs: 60_000, sources: [source] });
    await using file = await connector.open(location);
    expect(file).toMatchObject({ location, version: "first", format: "hdf5" });
    await sound(findVariable(file, "gzip"));
    await expect(findVariable(file, "gzip").read({ dim_0: 99 })).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
    });
    await truncate(source.copy, 3000);
    const failure: unknown = await findVariable(file, "gzip")
      .read()
      .catch((error) => error);
    expect(failure).toMatchObject({ code: "TWIN_READ_FAILED", location });
    expect(String(failure)).not.toContain(source.copy);
    await file.close();
    await connector.stop();
  });

  it("is read on from a copy elsewhere, unless it has changed at the source", async () => {
    const source = new CopyingSource(copyOfFixture());
    const connector = new Hdf5({ cacheBytes: 0, timeoutMs: 60_000, sources: [source] });
    await using file = await connector.open(location);
    // The source has dropped the copy, and the worker its descriptor.
    renameSync(source.copy, `${source.copy}.dropped`);
    await workerOf(connector).replace(new Error("a crash"));
    source.copy = copyOfFixture();
    await sound(findVariable(file, "gzip"));

    await truncate(source.copy, 3000);
    source.version = "second";
    await expect(findVariable(file, "gzip").read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED", location });
    await file.close();
    await connector.stop();
  });

  it("passes on what the source throws", async () => {
    const connector = new Hdf5({ cacheBytes: 0, timeoutMs: 60_000, sources: [new CopyingSource(path("none.h5"))] });
    await expect(connector.open("test://elsewhere/x.h5")).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
    await expect(connector.open("https://not.served/x.h5")).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
    await connector.stop();
  });
});

/** Serves one location as a local copy. */
class CopyingSource implements Source {
  readonly prefixes: readonly string[] = ["test://"];
  copy: string;
  version = "first";

  constructor(copy: string) {
    this.copy = copy;
  }

  async open(location: string): Promise<SourceFile> {
    if (!location.startsWith("test://institute/")) throw new SourceUnavailableError(location, "it is down.");
    const local = await openSource(this.copy, []);
    return {
      location,
      bytes: local.bytes,
      version: this.version,
      readInto: (...args) => local.readInto(...args),
      localPath: async () => this.copy,
      close: () => local.close(),
      [Symbol.asyncDispose]: () => local.close(),
    };
  }

  async *list(): AsyncGenerator<SourceEntry> {}
}
