import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Memory } from "twinloom/modules/memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connector, dataset, openDataset, recognise } from "../../../core/index.ts";

describe("openDataset", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "open-dataset-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const memory = new Memory({ events: dataset({ attributes: { title: "three" } }) });
  /** Serves files that start with "!". */
  const marked: Connector = {
    formats: ["marked"],
    extensions: [],
    recognises: (head) => head[0] === 33,
    open: (location) => memory.open(location),
    write: (location, written) => memory.write(location, written),
  };

  it("asks each connector for the first bytes and the name, and takes the first that says yes", async () => {
    const path = join(folder, "a.dat");
    await writeFile(path, "!and more");
    expect(await recognise(path, [memory, marked])).toBe(marked);
    await writeFile(path, "?");
    expect(await recognise(path, [memory, marked])).toBeUndefined();
  });

  it("opens what is no file by its name alone", async () => {
    await using opened = await openDataset("memory:events", [marked, memory]);
    expect(opened.attributes).toEqual({ title: "three" });
    await expect(openDataset("memory:none", [memory])).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });

  it("says whether there is no file, or none that it can read", async () => {
    const missing = openDataset(join(folder, "none.h5"), [marked]);
    await expect(missing).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(openDataset(folder, [marked])).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    await writeFile(join(folder, "empty"), "");
    await expect(openDataset(join(folder, "empty"), [marked, memory])).rejects.toThrow(
      /not recognised.*: marked, memory/,
    );
  });
});
