import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchFolder, canonicalJson, type Digest, digestJson, relativeAttempt } from "../../../core/index.ts";
import { interceptedFs, systemError } from "../lifecycle/log/intercepted-fs.ts";
import { sampleDocument, samplePlan, scratch, tokenOf } from "./sample-batch.ts";

const DIGEST: Digest = digestJson("a record");
const TOKEN = tokenOf(1);

describe("A folder of a batch", () => {
  it("is found again as it was sealed, its digest being its id", async () => {
    await using place = await scratch();
    const document = samplePlan([1, 2, 3]);
    const made = await BatchFolder.create(place.batch, document);
    const opened = await BatchFolder.open(place.batch);
    expect(opened.document).toEqual(document);
    expect([made.id, opened.id]).toEqual([digestJson(document), digestJson(document)]);
    expect(opened.path).toBe(place.batch);
    expect(opened.stage("second").task).toBe("note");
    expect(() => opened.stage("secnd")).toThrow(/no stage "secnd".*Did you mean "second"\?/);
  });

  it("is one of its own: nothing else may be in it", async () => {
    await using place = await scratch();
    await BatchFolder.create(place.batch, sampleDocument([1]));
    const again = BatchFolder.create(place.batch, sampleDocument([2]));
    await expect(again).rejects.toMatchObject({
      code: "TWIN_BATCH_FOLDER_EXISTS",
      message: expect.stringMatching(/holds a batch/),
    });
    await expect(BatchFolder.reserve(place.path)).rejects.toMatchObject({
      message: expect.stringMatching(/holds something/),
    });
    await expect(BatchFolder.reserve("")).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    expect((await BatchFolder.reserve(join(place.path, "new"))).root).toBe(join(place.path, "new"));
    expect(await readdir(join(place.path, "new"))).toEqual([]);
  });

  it("refuses a file system without hard links in words that say what to do", async () => {
    await using place = await scratch();
    const fs = interceptedFs((call) => {
      if (call === "link") throw systemError("EPERM");
    });
    const message = /no hard links.*Keep the folder of the batch on another one/;
    const reserved = BatchFolder.reserve(place.batch, { fs });
    await expect(reserved).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringMatching(message),
    });
    const folder = await BatchFolder.create(place.batch, sampleDocument([1]));
    expect(folder.id).toBe(digestJson(sampleDocument([1])));
    const elsewhere = await BatchFolder.open(place.batch, { fs });
    const accepted = elsewhere.accept({ stage: "note", run: 0 }, `attempts/note/0/${TOKEN}-0`, DIGEST);
    await expect(accepted).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringMatching(message),
    });
  });

  it("counts a link as made whose answer was lost, as NFS may lose it", async () => {
    await using place = await scratch();
    await BatchFolder.create(place.batch, sampleDocument([1]));
    const { nodeFs } = await import("../../../core/lifecycle/fs/node-fs.ts");
    const fs = {
      ...nodeFs,
      link: async (from: string, to: string): Promise<void> => {
        await nodeFs.link(from, to);
        throw systemError("EEXIST");
      },
    };
    const folder = await BatchFolder.open(place.batch, { fs });
    const id = { stage: "note", run: 0 };
    expect(await folder.accept(id, relativeAttempt(id, { token: TOKEN, restart: 0 }), DIGEST)).toBe("accepted");
  });

  it("says what is wrong where there is no batch, or none that was completed", async () => {
    await using place = await scratch();
    const open = BatchFolder.open(place.path);
    await expect(open).rejects.toMatchObject({
      code: "TWIN_BATCH_NOT_FOUND",
      message: expect.stringMatching(/Check the path/),
    });
    await mkdir(join(place.path, "store"));
    await expect(BatchFolder.open(place.path)).rejects.toMatchObject({
      message: expect.stringMatching(/not completed/),
    });
  });

  it.each([
    ["a byte more", (text: string) => `${text} `, /no canonical JSON/],
    ["half of it", (text: string) => text.slice(0, 40), /no JSON/],
    ["another schema", (text: string) => text.replace('"schemaVersion":1', '"schemaVersion":2'), /schemaVersion/],
    ["no points", (text: string) => text.replace(/"points":\[.*?\]/, '"points":[]'), /points/],
    ["a point without its value", (text: string) => text.replace('{"first.x":1}', "{}"), /Point 0/],
    ["a stage that reads a later one", (text: string) => text.replace('"stage":"first"', '"stage":"second"'), /before/],
    ["two stages of a name", (text: string) => text.replace('"name":"second"', '"name":"first"'), /Two stages/],
    ["a folder as a stage", (text: string) => text.replace('"name":"second"', '"name":"../x"'), /stages.1.name/],
  ])("is refused with %s", async (_, change, message) => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, samplePlan([1]));
    const { document: file } = folder.paths;
    await writeFile(file, change(await readFile(file, "utf8")));
    await expect(BatchFolder.open(place.batch)).rejects.toMatchObject({
      code: "TWIN_BATCH_DAMAGED",
      message: expect.stringMatching(message),
    });
  });

  it("seals no batch that it could not read", async () => {
    await using place = await scratch();
    const twice = sampleDocument([1], { swept: ["x", "x"] });
    await expect(BatchFolder.create(place.batch, twice)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(BatchFolder.open(place.batch)).rejects.toMatchObject({ code: "TWIN_BATCH_NOT_FOUND" });
  });
});

describe("Submissions", () => {
  it("are written once and read as they were written", async () => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1, 2, 3]));
    const submission = { token: TOKEN, batch: folder.id, stage: "note", elements: [[0, 2], [1]] };
    expect(await folder.submissions()).toEqual([]);
    await folder.writeSubmission(submission);
    expect(await folder.readSubmission(TOKEN)).toEqual(submission);
    expect(await folder.submissions()).toEqual([TOKEN]);
    await expect(folder.writeSubmission(submission)).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
    await expect(folder.readSubmission(tokenOf(2))).rejects.toMatchObject({
      message: expect.stringMatching(/no submission/),
    });
    await expect(folder.readSubmission("../../etc")).rejects.toMatchObject({
      message: expect.stringMatching(/no token/),
    });
  });

  it.each([
    ["of another batch", { batch: DIGEST }, /is of the batch/],
    ["of no stage", { stage: "other" }, /no stage "other"/],
    ["with a run twice", { elements: [[0], [0]] }, /twice/],
    ["with a run that is not there", { elements: [[3]] }, /no run 3; the last is 2/],
    ["without runs", { elements: [[]] }, /elements/],
  ])("are refused %s, when written and when read", async (_, wrong, message) => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1, 2, 3]));
    const submission = { token: TOKEN, batch: folder.id, stage: "note", elements: [[0, 1]], ...wrong };
    const writing = folder.writeSubmission(submission);
    await expect(writing).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
    await mkdir(folder.paths.submissions);
    await writeFile(folder.paths.submission(TOKEN), canonicalJson(submission));
    const reading = folder.readSubmission(TOKEN);
    await expect(reading).rejects.toMatchObject({
      code: "TWIN_BATCH_DAMAGED",
      message: expect.stringMatching(message),
    });
  });
});

describe("Witnesses", () => {
  it("give an element to the array that comes first, and to it again when it is started again", async () => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1]));
    const clock = { now: () => 1e12 };
    expect(await folder.claimElement(TOKEN, 0, { job: "7", restart: 0, clock })).toBe("ours");
    expect(await folder.claimElement(TOKEN, 0, { job: "8", restart: 0 })).toEqual({ takenBy: "7" });
    expect(await folder.claimElement(TOKEN, 0, { job: "7", restart: 2, clock })).toBe("ours");
    expect(await folder.claimElement(TOKEN, 0, { job: "7", restart: 1, clock })).toBe("ours");
    expect(await folder.claimElement(TOKEN, 10, { job: "8", restart: 0, clock })).toBe("ours");
    expect(await folder.witnesses(TOKEN)).toMatchObject([
      { element: 0, job: "7", restart: 2, pid: process.pid, startedAt: "2001-09-09T01:46:40.000Z" },
      { element: 10, job: "8", restart: 0 },
    ]);
    expect(await folder.witnesses(tokenOf(2))).toEqual([]);
  });

  it("are one of each element, whoever comes in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ job: fc.constantFrom("7", "8", "9"), element: fc.nat(2), restart: fc.nat(3) }), {
          minLength: 1,
          maxLength: 12,
        }),
        async (claims) => {
          await using place = await scratch();
          const folder = await BatchFolder.create(place.batch, sampleDocument([1]));
          const model = new Map<number, { job: string; restart: number }>();
          for (const { job, element, restart } of claims) {
            const first = model.get(element);
            const claimed = await folder.claimElement(TOKEN, element, { job, restart });
            expect(claimed).toEqual(first === undefined || first.job === job ? "ours" : { takenBy: first.job });
            if (claimed === "ours") model.set(element, { job, restart: Math.max(restart, first?.restart ?? 0) });
          }
          const left = (await folder.witnesses(TOKEN)).map(({ element, job, restart }) => [element, { job, restart }]);
          expect(left).toEqual([...model].sort(([a], [b]) => a - b));
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("Accepted results", () => {
  it("are the first that comes; torn and foreign files are not counted", async () => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1, 2]));
    const id = { stage: "note", run: 1 };
    const attempt = relativeAttempt(id, { token: TOKEN, restart: 0 });
    expect(await folder.accepted("note")).toEqual(new Set());
    expect(await folder.isAccepted(id)).toBe(false);
    expect(await folder.accept(id, attempt, DIGEST)).toBe("accepted");
    expect(await folder.accept(id, relativeAttempt(id, { token: TOKEN, restart: 1 }), DIGEST)).toBe("already");
    await writeFile(join(folder.paths.acceptedOf("note"), ".0.json.0123456789ab.partial"), '{"sta');
    await writeFile(join(folder.paths.acceptedOf("note"), "00.json"), "{}");
    expect(await folder.accepted("note")).toEqual(new Set([1]));
    expect(await folder.isAccepted(id)).toBe(true);
    expect(await folder.readAccepted({ stage: "note", run: 0 })).toBeUndefined();
  });

  it.each([
    "attempts/note/0/x",
    "attempts/note/1/../../x",
    `attempts/other/1/${TOKEN}-0`,
    `attempts/note/1/${TOKEN}-01`,
  ])("are no other path: %s", async (attempt) => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1, 2]));
    const accepting = folder.accept({ stage: "note", run: 1 }, attempt, DIGEST);
    await expect(accepting).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await mkdir(folder.paths.acceptedOf("note"), { recursive: true });
    const text = canonicalJson({ stage: "note", run: 1, attempt, record: DIGEST });
    await writeFile(folder.paths.accepted({ stage: "note", run: 1 }), text);
    const reading = folder.readAccepted({ stage: "note", run: 1 });
    await expect(reading).rejects.toMatchObject({
      code: "TWIN_BATCH_DAMAGED",
      message: expect.stringMatching(/names another run/),
    });
  });

  it("are damaged where the run is gone, and the message says how to make it again", async () => {
    await using place = await scratch();
    const folder = await BatchFolder.create(place.batch, sampleDocument([1, 2]));
    const id = { stage: "note", run: 0 };
    await folder.accept(id, relativeAttempt(id, { token: TOKEN, restart: 0 }), DIGEST);
    const file = folder.paths.accepted(id);
    await expect(folder.readAccepted(id)).rejects.toMatchObject({
      code: "TWIN_BATCH_DAMAGED",
      message: expect.stringMatching(/its record is gone or damaged. Restore it from a copy; or resume the batch/),
    });
    await appendFile(file, "}");
    await expect(folder.readAccepted(id)).rejects.toMatchObject({
      message: expect.stringMatching(/is no JSON.*Remove it, and resume/),
    });
    await rm(file);
    expect(await folder.readAccepted(id)).toBeUndefined();
  });

  it("are one of each run, also when processes come at the same time", async () => {
    await using place = await scratch();
    const runs = 40;
    await BatchFolder.create(place.batch, sampleDocument(Array.from({ length: runs }, (_, x) => x)));
    const script = fileURLToPath(new URL("accept-all.ts", import.meta.url));
    const told = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const child = spawn(
          process.execPath,
          ["--conditions=@twinloom/source", script, place.batch, tokenOf(n), String(runs)],
          { stdio: ["pipe", "pipe", "inherit"] },
        );
        const lines: string[] = [];
        child.stdout.setEncoding("utf8").on("data", (text: string) => lines.push(text));
        await once(child.stdout, "data");
        // All of them are ready before any begins.
        return { child, lines, closed: once(child, "close") };
      }),
    );
    for (const { child } of told) child.stdin.end("go\n");
    for (const { closed } of told) await closed;
    const won = told.flatMap(({ lines }) => JSON.parse(lines.join("").replace("ready\n", "")) as number[]);
    expect(won.sort((a, b) => a - b)).toEqual(Array.from({ length: runs }, (_, run) => run));
    const folder = await BatchFolder.open(place.batch);
    expect((await folder.accepted("note")).size).toBe(runs);
  });
});
