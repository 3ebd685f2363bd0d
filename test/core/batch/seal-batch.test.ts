import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BatchFolder,
  digestFile,
  loadSpec,
  openStore,
  openTwin,
  parseSweep,
  runElement,
  type SealBatchOptions,
  sealBatch,
  sealVersion,
} from "../../../core/index.ts";
import { writeProject } from "../lifecycle/version/sample-project.ts";
import { scratch, tokenOf } from "./sample-batch.ts";

const PLUGIN = `import { readFile, writeFile } from "node:fs/promises";
import { definePlugin, defineTask, token } from "twinloom";
import { z } from "zod";

const note = defineTask({
  name: "note",
  description: "Writes what it is given",
  parameters: z.strictObject({ x: z.number().min(0), seed: z.number().optional(), label: z.string().default("") }),
  needs: {},
  inputs: { before: { description: "more", optional: true } },
  outputs: { noted: { description: "what it was given", file: "noted.json" } },
  async run({ parameters, inputs, outputs }) {
    const before = inputs.before === undefined ? null : await readFile(inputs.before, "utf8");
    await writeFile(outputs.noted, JSON.stringify({ ...parameters, before }));
    return null;
  },
});

export const notes = definePlugin({
  name: "notes",
  version: "1.0.0",
  provides: token("test/notes"),
  tasks: [note],
  create: () => ({}),
});
`;

const PROJECT = {
  "notes.ts": PLUGIN,
  "table.csv": "1,2\n",
  "twin.yaml": `twin: sample
plugins:
  notes: { use: "./notes.ts#notes" }
plans:
  twice:
    second: { task: note, parameters: { x: 5 }, inputs: { before: first.noted } }
    first: { task: note, parameters: { x: 1, label: plan }, inputs: { before: !artifact table.csv } }
`,
};

interface Place extends AsyncDisposable {
  readonly path: string;
  readonly batch: string;
  /** The twin.yaml. */
  readonly file: string;
  seal(options: Partial<SealBatchOptions>, path?: string): ReturnType<typeof sealBatch>;
}

async function project(): Promise<Place> {
  const place = await scratch();
  const file = await writeProject(join(place.path, "project"), PROJECT);
  return {
    ...place,
    file,
    seal: async (options, path = place.batch) =>
      await sealBatch(path, { twin: await loadSpec(file), name: "note", ...options }),
  };
}

describe("Sealing a batch", () => {
  it("keeps a task with its points, its files and the twin, which then runs", async () => {
    await using place = await project();
    const before = join(place.path, "before.txt");
    await writeFile(before, "hello");
    const { parameters, ...sweep } = parseSweep(["x=1,2", "label=a"]);
    const { folder, version } = await place.seal({ sweep, parameters, inputs: { before }, seed: 7 });
    expect(folder.document).toEqual({
      schemaVersion: 1,
      name: "note",
      kind: "task",
      twin: { name: "sample", version: version.digest },
      seed: "7",
      swept: ["x"],
      points: [{ x: 1 }, { x: 2 }],
      stages: [
        {
          name: "note",
          task: "note",
          parameters: { label: "a" },
          inputs: { before: { file: before, fileDigest: (await digestFile(before)).digest } },
        },
      ],
    });
    expect((await BatchFolder.open(place.batch)).id).toBe(folder.id);
    expect((await readdir(place.batch)).sort()).toEqual(["batch.json", "store"]);
    const token = tokenOf(1);
    await folder.writeSubmission({ token, batch: folder.id, stage: "note", elements: [[0, 1]] });
    const result = await runElement(folder, {
      token,
      element: 0,
      restart: 0,
      job: "1",
      openTwin: (store, digest) => openTwin(digest, { store }),
    });
    expect(result.state).toBe("done");
    const accepted = await folder.readAccepted({ stage: "note", run: 1 });
    const noted: unknown = JSON.parse(await readFile(join(accepted?.folder as string, "noted.json"), "utf8"));
    expect(noted).toEqual({ x: 2, seed: 7, label: "a", before: "hello" });
  });

  it("makes stages of a plan, each after those it reads from, with the files that were sealed with the twin", async () => {
    await using place = await project();
    const { swept, points } = parseSweep(["second.x=1,2,3"]);
    const { folder } = await place.seal({
      name: "twice",
      sweep: { swept, points },
      parameters: { "first.label": "given" },
    });
    const { stages, kind, seed } = folder.document;
    expect([kind, seed]).toEqual(["plan", null]);
    expect(stages).toMatchObject([
      { name: "first", task: "note", parameters: { x: 1, label: "given" } },
      { name: "second", parameters: { x: 5 }, inputs: { before: { stage: "first", output: "noted" } } },
    ]);
    const table = stages[0]?.inputs["before"];
    expect(table).toMatchObject({ file: expect.stringContaining(join(place.batch, "store")) });
    expect(table).toMatchObject({ fileDigest: (await digestFile(join(place.path, "project", "table.csv"))).digest });
  });

  it("takes a version of another store as it is: with its digest and its number", async () => {
    await using place = await project();
    const store = join(place.path, "twins");
    await using twins = await openStore(store, { create: true });
    await sealVersion(twins, await loadSpec(place.file));
    const changed = PROJECT["twin.yaml"].replace("label: plan", "label: new");
    await writeFile(join(place.path, "project", "twin.yaml"), changed);
    const second = await sealVersion(twins, await loadSpec(place.file), { alias: "champion" });
    const { folder, version } = await place.seal({ twin: { store, version: "sample@champion" }, parameters: { x: 1 } });
    expect(version).toMatchObject({ digest: second.entry.digest, number: 2 });
    expect(folder.document.twin.version).toBe(second.entry.digest);
    await using copy = await openStore(folder.paths.store);
    expect(await copy.resolve("sample@v2")).toMatchObject({ digest: second.entry.digest });
  });

  it("tells everything that is wrong at any point before anything is sealed, and leaves the folder empty", async () => {
    await using place = await project();
    const { swept, points } = parseSweep(["x=-3..3", "label=1,b"]);
    const sealing = place.seal({ sweep: { swept, points } });
    await expect(sealing).rejects.toMatchObject({
      code: "TWIN_INVALID_SWEEP",
      message: expect.stringMatching(
        /do not fit task "note":\n {2}x: .*at 6 points, first at point 0 \(x=-3, label=1\)\.\n {2}label: .*at 7 points/,
      ),
    });
    expect(await readdir(place.batch)).toEqual([]);
    await place.seal({ parameters: { x: 1 } });
  });

  it.each([
    ["a task that is not there", { name: "nope" }, "TWIN_TASK_NOT_FOUND", /no plan or task "nope".*note/],
    ["parameters that do not fit", { parameters: { x: 1, y: 2 } }, "TWIN_INVALID_PARAMETERS", /y: Unknown/],
    [
      "a swept parameter of no step",
      { name: "twice", sweep: parseSweep(["frist.x=1,2"]) },
      "TWIN_INVALID_PLAN",
      /first/,
    ],
    [
      "a swept parameter that is unknown",
      { sweep: parseSweep(["xx=1,2"]) },
      "TWIN_INVALID_SWEEP",
      /xx: Unknown.*every point/,
    ],
    [
      "a file that is not there",
      { parameters: { x: 1 }, inputs: { before: "/no/file" } },
      "TWIN_INVALID_PLAN",
      /no file/,
    ],
    ["inputs of a plan", { name: "twice", inputs: { before: "x" } }, "TWIN_INVALID_ARGUMENT", /is a plan/],
    ["a seed that is none", { parameters: { x: 1 }, seed: -1 }, "TWIN_INVALID_ARGUMENT", /Seed -1/],
  ])("refuses %s", async (_, options, code, message) => {
    await using place = await project();
    await expect(place.seal(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readdir(place.batch)).toEqual([]);
  });

  it("refuses a folder that holds something, and touches nothing there", async () => {
    await using place = await project();
    await mkdir(place.batch);
    await writeFile(join(place.batch, "thesis.tex"), "");
    await expect(place.seal({ parameters: { x: 1 } })).rejects.toMatchObject({ code: "TWIN_BATCH_FOLDER_EXISTS" });
    expect(await readdir(place.batch)).toEqual(["thesis.tex"]);
  });

  it("is done by one of two that seal in a folder at the same time", async () => {
    await using place = await project();
    const both = await Promise.allSettled([place.seal({ parameters: { x: 1 } }), place.seal({ parameters: { x: 2 } })]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const lost = both.find((each) => each.status === "rejected");
    expect(lost?.reason).toMatchObject({ code: expect.stringMatching(/TWIN_(FILE_LOCKED|BATCH_FOLDER_EXISTS)/) });
    const { document, paths } = await BatchFolder.open(place.batch);
    expect(existsSync(paths.store)).toBe(true);
    await using store = await openStore(paths.store);
    expect(await store.resolve("sample")).toMatchObject({ digest: document.twin.version });
  });

  it("ends with the reason of its signal", async () => {
    await using place = await project();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(place.seal({ parameters: { x: 1 }, signal })).rejects.toThrow("enough");
    expect(existsSync(place.batch)).toBe(false);
  });
});
