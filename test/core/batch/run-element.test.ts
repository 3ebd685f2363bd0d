import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type BatchDocument,
  BatchFolder,
  type Digest,
  digestBytes,
  digestFile,
  type ElementOptions,
  type ElementResult,
  relativeAttempt,
  runElement,
} from "../../../core/index.ts";
import { openSample, sampleDocument, samplePlan, scratch, tokenOf, VERSION } from "./sample-batch.ts";

const TOKEN = tokenOf(1);

/** A folder with a batch, and a submission of all runs of its first stage in one element. */
async function sealed(
  place: { readonly batch: string },
  document: BatchDocument,
  stage = document.stages[0]?.name as string,
): Promise<BatchFolder> {
  const folder = await BatchFolder.create(place.batch, document);
  await submit(folder, TOKEN, stage);
  return folder;
}

async function submit(folder: BatchFolder, token: string, stage: string): Promise<void> {
  await folder.writeSubmission({
    token,
    batch: folder.id,
    stage,
    elements: [folder.document.points.map((_, run) => run)],
  });
}

async function run(folder: BatchFolder, options: Partial<ElementOptions> = {}): Promise<ElementResult> {
  const openTwin = (_: string, version: Digest) => openSample(version);
  return await runElement(folder, { token: TOKEN, element: 0, restart: 0, job: "7", openTwin, ...options });
}

function states({ runs }: ElementResult): readonly string[] {
  return runs.map(({ state }) => state);
}

describe("An element", () => {
  it("runs its task runs, and makes their results count", async () => {
    await using place = await scratch();
    const document = sampleDocument([1, 2], { seed: "18446744073709551615" });
    const folder = await sealed(place, document);
    const progress: string[] = [];
    let opened = 0;
    const result = await run(folder, {
      openTwin: async (store, version) => {
        opened++;
        expect(store).toBe(join(place.batch, "store"));
        return await openSample(version);
      },
      onProgress: ({ run, done, of, fraction, doing }) =>
        progress.push(`${run}: ${done} of ${of}, ${fraction} ${doing}`),
    });
    expect(result).toEqual({
      state: "done",
      runs: [
        { run: 0, state: "accepted" },
        { run: 1, state: "accepted" },
      ],
    });
    expect(opened).toBe(1);
    expect(progress).toEqual(["0: 0 of 2, 0.5 writing", "1: 1 of 2, 0.5 writing"]);
    const accepted = await folder.readAccepted({ stage: "note", run: 1 });
    expect(accepted?.attempt).toBe(`attempts/note/1/${TOKEN}-0`);
    expect(accepted?.record).toMatchObject({ version: VERSION, seed: "18446744073709551615", state: "succeeded" });
    const noted: unknown = JSON.parse(await readFile(join(accepted?.folder as string, "noted.json"), "utf8"));
    expect(noted).toEqual({ x: 2, seed: "18446744073709551615", name: "", before: null });
    expect(await folder.witnesses(TOKEN)).toMatchObject([{ job: "7", element: 0, restart: 0 }]);
  });

  it("does nothing in a second array of the same submission, and opens no twin where all is done", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1]));
    await run(folder);
    const never = { openTwin: () => Promise.reject(new Error("opened")) };
    expect(await run(folder, { job: "8", ...never })).toEqual({ state: "done", takenBy: "7", runs: [] });
    const again = await run(folder, { restart: 1, ...never });
    expect(again).toEqual({ state: "done", runs: [{ run: 0, state: "already" }] });
  });

  it("goes on after a run that fails, and fails itself in the end", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1, 13, 2]));
    const result = await run(folder);
    expect(result.state).toBe("failed");
    expect(states(result)).toEqual(["accepted", "failed", "accepted"]);
    expect(result.runs[1]).toMatchObject({
      code: "TWIN_RUN_FAILED",
      message: expect.stringContaining("13 is not allowed (THIRTEEN)"),
    });
    expect(await folder.accepted("note")).toEqual(new Set([0, 2]));
    expect(await folder.attempts({ stage: "note", run: 1 })).toEqual([{ token: TOKEN, restart: 0 }]);
  });

  it("hands the output of a stage to the run of the same point, and skips points without one", async () => {
    await using place = await scratch();
    const folder = await sealed(place, samplePlan([1, 13]));
    await run(folder);
    await submit(folder, tokenOf(2), "second");
    const result = await run(folder, { token: tokenOf(2) });
    expect(result).toEqual({
      state: "failed",
      runs: [
        { run: 0, state: "accepted" },
        { run: 1, state: "skipped", message: 'Stage "first" has no result for it.' },
      ],
    });
    const accepted = await folder.readAccepted({ stage: "second", run: 0 });
    const noted: unknown = JSON.parse(await readFile(join(accepted?.folder as string, "noted.json"), "utf8"));
    expect(noted).toMatchObject({ x: 0, before: { x: 1, name: "a" } });
  });

  it("does not use a file that is another than when the batch was sealed", async () => {
    await using place = await scratch();
    const file = join(place.path, "before.json");
    await writeFile(file, "{}");
    const { digest } = await digestFile(file);
    const folder = await sealed(place, sampleDocument([1, 2], { before: { file, fileDigest: digest } }));
    await writeFile(file, "[]");
    const changed = await run(folder);
    expect(states(changed)).toEqual(["failed", "failed"]);
    expect(changed.runs[0]).toMatchObject({
      code: "TWIN_INPUT_CHANGED",
      message: expect.stringMatching(/before\.json\) changed since the batch was sealed\. Put it back/),
    });
    await rm(file);
    expect((await run(folder, { restart: 1 })).runs[0]).toMatchObject({
      code: "TWIN_INPUT_CHANGED",
      message: expect.stringMatching(/cannot be read: ENOENT/),
    });
    await writeFile(file, "{}");
    expect((await run(folder, { restart: 2 })).state).toBe("done");
  });

  it("does not accept what was made from a file that changed after it was looked at", async () => {
    await using place = await scratch();
    const file = join(place.path, "before.json");
    await writeFile(file, "{}");
    const { digest } = await digestFile(file);
    const folder = await sealed(place, sampleDocument([1], { before: { file, fileDigest: digest } }));
    const result = await run(folder, {
      openTwin: async (_, version) => {
        await writeFile(file, "[]");
        return await openSample(version);
      },
    });
    expect(result.runs).toMatchObject([{ state: "failed", code: "TWIN_INPUT_CHANGED" }]);
    expect(await folder.isAccepted({ stage: "note", run: 0 })).toBe(false);
    // Nor is that attempt taken up later, when the file is as it was again.
    await writeFile(file, "{}");
    expect((await run(folder, { restart: 1 })).state).toBe("done");
    expect(await folder.readAccepted({ stage: "note", run: 0 })).toMatchObject({
      attempt: `attempts/note/0/${TOKEN}-1`,
    });
  });

  it("stops when it is asked to, and goes on where it was when it is started again", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1, 99, 2]));
    const stopping = new AbortController();
    const stopped = await run(folder, {
      stopping: stopping.signal,
      onProgress: ({ run }) => {
        if (run === 1) stopping.abort();
      },
    });
    expect(stopped.state).toBe("stopped");
    expect(states(stopped)).toEqual(["accepted", "left", "left"]);
    const checkpoints = folder.paths.checkpoints({ stage: "note", run: 1 });
    expect(existsSync(checkpoints)).toBe(true);
    const again = await run(folder, { restart: 1 });
    expect(again.state).toBe("done");
    expect(states(again)).toEqual(["already", "accepted", "accepted"]);
    expect(existsSync(checkpoints)).toBe(false);
  });

  it("fails when it was stopped six times in a row and came no further, and not before", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1, 99, 2]));
    const noTime = { stopping: AbortSignal.abort() };
    // Nothing is done yet, and then a result is there and something is saved: what was counted before counts no more.
    for (let restart = 0; restart < 5; restart++) {
      expect((await run(folder, { restart, ...noTime })).state).toBe("stopped");
    }
    const stopping = new AbortController();
    const onProgress: ElementOptions["onProgress"] = ({ run }) => void (run === 1 && stopping.abort());
    expect((await run(folder, { restart: 5, stopping: stopping.signal, onProgress })).state).toBe("stopped");
    const before = { restart: 7, ...noTime };
    // One process of a restart and a late one before it are not told twice.
    for (let twice = 0; twice < 7; twice++) expect((await run(folder, before)).state).toBe("stopped");
    for (let restart = 8; restart < 12; restart++) {
      const { state } = await run(folder, { restart, ...noTime });
      expect(state, `${restart}`).toBe(restart === 11 ? "failed" : "stopped");
    }
    const end = await run(folder, { restart: 12, ...noTime });
    expect(end.state).toBe("failed");
    expect(states(end)).toEqual(["left", "failed", "failed"]);
    expect(end.runs[1]?.message).toMatch(/was started 6 times and told to stop before it came any further: .*--time/);
    // Whoever gives it time has it done: what was saved is there.
    expect((await run(folder, { restart: 13 })).state).toBe("done");
  });

  it("is canceled with the reason of its signal, and accepts nothing that was not complete", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1, 99]));
    const cancel = new AbortController();
    const running = run(folder, {
      signal: cancel.signal,
      onProgress: ({ run }) => {
        if (run === 1) cancel.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(await folder.accepted("note")).toEqual(new Set([0]));
  });

  it("takes up a result whose process was killed before it was accepted", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1]));
    await run(folder);
    const id = { stage: "note", run: 0 };
    const first = await folder.readAccepted(id);
    await rm(folder.paths.accepted(id));
    const never = { openTwin: () => Promise.reject(new Error("opened")) };
    expect((await run(folder, { restart: 1, ...never })).runs).toEqual([{ run: 0, state: "accepted" }]);
    expect(await folder.readAccepted(id)).toEqual(first);
  });

  it("makes a run again whose result was taken away because its files were not as they were", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1]));
    await run(folder);
    const id = { stage: "note", run: 0 };
    const damaged = await folder.readAccepted(id);
    await writeFile(join(damaged?.folder as string, "noted.json"), "{}");
    await rm(folder.paths.accepted(id));
    expect((await run(folder, { restart: 1 })).runs).toEqual([{ run: 0, state: "accepted" }]);
    expect((await folder.readAccepted(id))?.attempt).toBe(relativeAttempt(id, { token: TOKEN, restart: 1 }));
  });

  it.each([1, 13])("is no failure when another was faster, whether x = %d would succeed or not", async (x) => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([x]));
    const id = { stage: "note", run: 0 };
    const result = await run(folder, {
      openTwin: async (_, version) => {
        await folder.accept(id, relativeAttempt(id, { token: tokenOf(5), restart: 0 }), digestBytes("theirs"));
        return await openSample(version);
      },
    });
    expect(result).toEqual({ state: "done", runs: [{ run: 0, state: "already" }] });
  });

  it("fails a run whose input is no longer what was accepted", async () => {
    await using place = await scratch();
    const folder = await sealed(place, samplePlan([1]));
    await run(folder);
    const accepted = await folder.readAccepted({ stage: "first", run: 0 });
    await submit(folder, tokenOf(2), "second");
    await writeFile(join(accepted?.folder as string, "noted.json"), "{}");
    const changed = await run(folder, { token: tokenOf(2) });
    expect(changed.runs).toMatchObject([{ state: "failed", code: "TWIN_INPUT_CHANGED" }]);
    await rename(accepted?.folder as string, `${accepted?.folder}-away`);
    const gone = await run(folder, { token: tokenOf(2), restart: 1 });
    expect(gone.runs).toMatchObject([{ state: "failed", code: "TWIN_BATCH_DAMAGED" }]);
  });

  it("refuses another version of the twin, an element that is not there, and a submission that is not", async () => {
    await using place = await scratch();
    const folder = await sealed(place, sampleDocument([1]));
    const other = run(folder, { openTwin: () => openSample(digestBytes("another")) });
    await expect(other).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/was sealed with sha256:/),
    });
    await expect(run(folder, { element: 1 })).rejects.toThrow(/no element 1; the last is 0/);
    await expect(run(folder, { token: tokenOf(3) })).rejects.toThrow(/no submission/);
  });
});
