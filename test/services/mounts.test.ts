import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LocalSource, readBytes } from "../../core/index.ts";
import { type FuseMount, fuseMissing, mountFuse } from "../servers/fuse-mount.ts";

const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 8) * 7) & 255);
const missing = fuseMissing();

describe.skipIf(missing !== undefined)(`a real mount${missing === undefined ? "" : ` (${missing})`}`, () => {
  let mount: FuseMount;
  const patient = new LocalSource({ retry: { attempts: 1000, budgetMs: 60_000 } });
  const hasty = new LocalSource({ retry: { attempts: 3, budgetMs: 2000 }, timeoutMs: 500 });

  beforeEach(async () => {
    mount = await mountFuse(bytes);
  });
  afterEach(() => mount[Symbol.asyncDispose]());

  it("is read", async () => {
    await using file = await hasty.open(mount.file);
    expect(await readBytes(file, 0, bytes.length)).toEqual(bytes);
  });

  it("that fails for a while is read all the same", async () => {
    await using file = await patient.open(mount.file);
    await mount.next("eio", 2);
    await mount.next("short", 3);
    await mount.next("none", 2);
    await mount.next("eio", 1);
    expect(await readBytes(file, 1000, 900_000)).toEqual(bytes.slice(1000, 901_000));
  });

  it("whose server vanishes within a read and comes back is read to the end", async () => {
    await using file = await patient.open(mount.file);
    await mount.kill();
    const reading = readBytes(file, 0, bytes.length);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await mount.restart();
    expect(await reading).toEqual(bytes);
  });

  it("whose server stays away is one coded error, for reading and for opening", async () => {
    await using file = await hasty.open(mount.file);
    await mount.kill();
    await expect(readBytes(file, 0, 10)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
    await expect(hasty.open(mount.file)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE" });
  });

  it("which comes back with another file is refused", async () => {
    await using file = await patient.open(mount.file);
    await mount.kill();
    await mount.restart(bytes.subarray(0, 500_000));
    await expect(readBytes(file, 0, 10)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });

  it("that never answers is given up in time", async () => {
    await using file = await hasty.open(mount.file);
    mount.freeze();
    await expect(readBytes(file, 0, 10)).rejects.toMatchObject({
      code: "TWIN_SOURCE_UNAVAILABLE",
      message: expect.stringContaining("did not answer"),
    });
    // What hangs is let go, so that the file can be closed.
    await mount.kill();
  });
});
