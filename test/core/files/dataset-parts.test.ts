import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Memory } from "twinloom/modules/memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connector, dataset, datasetParts } from "../../../core/index.ts";

const memory = new Memory({ events: dataset({ attributes: { title: "three" } }) });
/** Serves files and folders by their endings. */
const grids: Connector = {
  formats: ["grid"],
  extensions: [".grid", ".tree"],
  recognises: () => false,
  open: () => memory.open("memory:events"),
  write: (location, written) => memory.write(location, written),
};
const connectors = [grids];

describe("datasetParts", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "dataset-parts-"));
    await mkdir(join(folder, "archive", "whole.tree"), { recursive: true });
    await mkdir(join(folder, "empty"));
    for (const name of ["b.grid", "a.grid", "notes.txt"]) await writeFile(join(folder, "archive", name), name);
  });
  afterAll(() => rm(folder, { recursive: true }));
  const names = async (...locations: readonly string[]) =>
    (await datasetParts(locations, connectors)).map(({ name }) => name);

  it("are the files of a folder, with and without a slash at its end, and of a pattern", async () => {
    for (const place of ["archive", "archive/", "archive/*.grid"]) {
      expect((await names(join(folder, place))).sort()).toEqual(["a.grid", "b.grid"]);
    }
  });

  it("are a folder that a connector opens as a whole, and a file whose name says nothing", async () => {
    expect(await names(join(folder, "archive", "whole.tree"))).toEqual(["whole.tree"]);
    expect(await names(join(folder, "archive", "notes.txt"))).toEqual(["notes.txt"]);
  });

  it("are also files that are not there: that is told when they are opened", async () => {
    expect(await names(join(folder, "archive", "a.grid"), join(folder, "none"))).toEqual(["a.grid", "none"]);
  });

  it("are refused where one of several places has no file", async () => {
    for (const place of ["empty", "empty/", "archive/*.nc"]) {
      await expect(names(join(folder, "archive", "a.grid"), join(folder, place))).rejects.toMatchObject({
        code: "TWIN_FILE_NOT_FOUND",
      });
    }
  });

  it("have names without the secrets of their locations", async () => {
    expect(await names("https://example.org/a.grid?token=one", "https://example.org/b.grid?token=two")).toEqual([
      "a.grid?token=…",
      "b.grid?token=…",
    ]);
    const same = await names("https://example.org/a.grid?token=one", "https://example.org/a.grid?token=two");
    expect(new Set(same).size).toBe(2);
    expect(same.join()).not.toMatch(/one|two/);
  });
});
