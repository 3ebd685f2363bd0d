import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  digestBytes,
  loadSpec,
  MEDIA_TYPES,
  openStore,
  openTwin,
  readVersion,
  restoreVersion,
  StoreNewerError,
  sealVersion,
  type TwinControl,
  type VersionConfig,
  writeVersion,
} from "../../../../core/index.ts";
import { nodeFs } from "../../../../core/lifecycle/fs/node-fs.ts";
import { readOnlyFs } from "../../../../core/lifecycle/fs/read-only-fs.ts";
import { systemError } from "../log/intercepted-fs.ts";
import { sampleStore } from "../log/sample-store.ts";
import { copyProject, PROJECT, scratchFolder, writeFiles, writeProject } from "./sample-project.ts";

async function sealedSample(scratch: string) {
  const sample = await sampleStore();
  const file = await writeProject(join(scratch, "project"));
  const { entry } = await sealVersion(sample.store, await loadSpec(file));
  return { ...sample, entry, [Symbol.asyncDispose]: sample[Symbol.asyncDispose] };
}

function probeOf(twin: TwinControl): { readonly factor: number; readonly table: string } {
  return (twin as unknown as { readonly probe: ReturnType<typeof probeOf> }).probe;
}

describe("restoreVersion", () => {
  it("writes every file in its place, and says which version it is", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    const folder = join(scratch.path, "not", "yet", "there");
    const { file, config } = await restoreVersion(store, entry.digest, folder);
    expect(file).toBe(join(folder, "twin.yaml"));
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      ".twinloom-version",
      "lib",
      "lib/base.ts",
      "lib/factor.ts",
      "net.card.json",
      "net.onnx",
      "probe.ts",
      "tables",
      "tables/gain.csv",
      "twin.yaml",
    ]);
    expect(await readFile(join(folder, ".twinloom-version"), "utf8")).toBe(`${entry.digest}\n`);
    expect(digestBytes(await readFile(file))).toBe(config.spec.digest);
    expect(await readFile(join(folder, "probe.ts"), "utf8")).toBe(PROJECT["probe.ts"]);
    expect(await readdir(join(scratch.path, "not", "yet"))).toEqual(["there"]);
  });

  it("is sealed again as what it is; changed, as a revision of it", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    await writeFiles(join(scratch.path, "project"), { "tables/gain.csv": "4\n" });
    await sealVersion(store, await loadSpec(join(scratch.path, "project", "twin.yaml")));
    const folder = join(scratch.path, "restored");
    const { file } = await restoreVersion(store, entry.digest, folder);
    await copyProject(join(scratch.path, "project", "node_modules"), join(folder, "node_modules"));
    expect(await sealVersion(store, await loadSpec(file))).toMatchObject({ isNew: false, entry: { number: 1 } });
    await rm(join(folder, "tables", "gain.csv"));
    await writeFiles(folder, { "tables/gain.csv": "7\n" });
    const spec = await readFile(file, "utf8");
    await writeFile(file, spec.replace(digestBytes(PROJECT["tables/gain.csv"] as string), digestBytes("7\n")));
    const revised = await sealVersion(store, await loadSpec(file));
    expect(revised).toMatchObject({ isNew: true, entry: { number: 3 } });
    const { config } = await readVersion(store.objects, revised.entry.digest);
    // Not of v2, which is the newest.
    expect(config.parents).toEqual([{ digest: entry.digest, relation: "revision" }]);
  });

  it("takes an empty folder, and refuses one that holds something or is a file", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    await mkdir(join(scratch.path, "empty"));
    await restoreVersion(store, entry.digest, join(scratch.path, "empty"));
    await writeFiles(scratch.path, { "full/mine.txt": "mine", file: "mine" });
    for (const name of ["empty", "full", "file"]) {
      const refused = restoreVersion(store, entry.digest, join(scratch.path, name));
      await expect(refused).rejects.toMatchObject({ code: "TWIN_FOLDER_NOT_EMPTY" });
    }
    expect(await readdir(join(scratch.path, "full"))).toEqual(["mine.txt"]);
    expect(await readFile(join(scratch.path, "file"), "utf8")).toBe("mine");
  });

  it("leaves nothing when an object is missing or corrupt, or when it is called off", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry, folder } = sealed;
    const target = join(scratch.path, "work", "restored");
    const abort = new AbortController();
    const calledOff = restoreVersion(store, entry.digest, target, {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("called off")),
    });
    await expect(calledOff).rejects.toThrow("called off");
    const hex = digestBytes(PROJECT["net.onnx"] as string).slice("sha256:".length);
    const blob = join(folder, "blobs", "sha256", hex);
    const text = await readFile(blob, "utf8");
    await rm(blob);
    await writeFile(blob, text.replace("bytes", "bites"));
    await expect(restoreVersion(store, entry.digest, target)).rejects.toMatchObject({ code: "TWIN_OBJECT_CORRUPT" });
    await expect(restoreVersion(store, entry.digest, target)).rejects.toMatchObject({ code: "TWIN_OBJECT_MISSING" });
    expect(await readdir(join(scratch.path, "work")).catch(() => [])).toEqual([]);
  });

  it.each([1, 4, 9])("leaves nothing under the name when it is killed after %i steps", async (count) => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const target = join(scratch.path, "work", "restored");
    const program = fileURLToPath(new URL("restore-until-killed.ts", import.meta.url));
    const command = ["--conditions=@twinloom/source", program, sealed.folder, "sample", target, String(count)];
    const { signal, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    expect(signal, stderr).toBe("SIGKILL");
    await expect(readdir(target)).rejects.toMatchObject({ code: "ENOENT" });
    // What is left does not stand in the way.
    await restoreVersion(sealed.store, sealed.entry.digest, target);
  });

  it("refuses a version with two files of one path", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    const { config } = await readVersion(store.objects, entry.digest);
    const other = { mediaType: MEDIA_TYPES.file, digest: config.spec.digest, size: config.spec.size };
    for (const path of ["probe.ts", ".twinloom-version"]) {
      const odd: VersionConfig = { ...config, data: [{ path, role: "input", descriptor: other }] };
      const { descriptor } = await writeVersion(store.objects, odd);
      await expect(restoreVersion(store, descriptor.digest, join(scratch.path, "x"))).rejects.toMatchObject({
        code: "TWIN_VERSION_DAMAGED",
      });
    }
  });
});

describe("openTwin", () => {
  it("runs a version from the store alone, by any of its names", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry, folder } = sealed;
    await store.moveAlias("sample@champion", entry.digest);
    await rm(join(scratch.path, "project"), { recursive: true });
    for (const name of ["sample", "sample@v1", "sample@champion", entry.digest.slice(0, 20)]) {
      await using twin = await openTwin(name, { store: folder });
      expect(probeOf(twin)).toEqual({ factor: 42, table: "1,2,3\n" });
    }
    await using twin = await openTwin("sample", { store, folder: join(scratch.path, "mine") });
    expect(probeOf(twin).factor).toBe(42);
    expect(await readdir(join(scratch.path, "mine"))).toContain("twin.yaml");
  });

  it("uses its own folder again only while every file in it is as it was sealed", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    const checkout = join(store.folder, "checkouts", entry.digest.slice("sha256:".length));
    const open = async (): Promise<void> => {
      await using twin = await openTwin("sample", { store });
      expect(probeOf(twin).table).toBe("1,2,3\n");
    };
    await open();
    await writeFiles(checkout, { trace: "still here" });
    await open();
    expect(await readdir(checkout)).toContain("trace");
    await writeFiles(checkout, { "tables/gain.csv": "changed\n" });
    await open();
    expect(await readdir(checkout)).not.toContain("trace");
  });

  it.each([
    ["read-only", () => systemError("EROFS")],
    ["another user's", () => systemError("EACCES")],
    ["of a newer format", () => new StoreNewerError("/store", "it has format 2.")],
  ])("runs a version of a store that is %s from a folder of the user's, each time the same", async (_, refuse) => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { entry, folder } = sealed;
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = scratch.path;
    try {
      const store = await openStore(folder, { fs: readOnlyFs(nodeFs, folder, refuse) });
      const own = join(scratch.path, `twinloom-${process.getuid?.()}`);
      const checkout = join(own, entry.digest.slice("sha256:".length));
      for (const round of [1, 2]) {
        await using twin = await openTwin("sample", { store });
        expect(probeOf(twin).factor, `round ${round}`).toBe(42);
        await writeFiles(checkout, { trace: "still here" });
      }
      expect(await readdir(checkout)).toContain("trace");
      // What others could have put there is not run.
      await chmod(own, 0o777);
      await expect(openTwin("sample", { store })).rejects.toMatchObject({ code: "TWIN_WRITE_FAILED" });
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  it("marks what it runs from as used, for whoever collects garbage", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    const checkout = join(store.folder, "checkouts", entry.digest.slice("sha256:".length));
    await (await openTwin("sample", { store })).stop();
    await utimes(checkout, 1, 1);
    await (await openTwin("sample", { store })).stop();
    expect((await stat(checkout)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it("refuses a withdrawn version without force, and says why it was withdrawn", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    await store.changeState(entry.digest, "withdrawn", { reason: "wrong units" });
    const name = "sample@v1";
    await expect(openTwin(name, { store })).rejects.toMatchObject({
      code: "TWIN_VERSION_WITHDRAWN",
      message: expect.stringContaining("wrong units"),
    });
    await using twin = await openTwin(name, { store, force: true });
    expect(probeOf(twin).factor).toBe(42);
    // It can still be looked at.
    await restoreVersion(store, entry.digest, join(scratch.path, "look"));
  });

  it("tells which packages are missing with the command that installs them, and of another engine", async () => {
    await using scratch = await scratchFolder();
    await using sealed = await sealedSample(scratch.path);
    const { store, entry } = sealed;
    const { config } = await readVersion(store.objects, entry.digest);
    const seal = async (environment: Partial<VersionConfig["environment"]>, number: number): Promise<string> => {
      const changed = { ...config, environment: { ...config.environment, ...environment } };
      const { descriptor } = await writeVersion(store.objects, changed);
      await store.log("sample").append(() => ({ type: "sealed", version: descriptor, number }));
      return descriptor.digest;
    };
    const { packages } = config.environment;
    const lost = [{ purl: "pkg:npm/%40acme/lost@1.2.0" }, { purl: "pkg:npm/gone-for-good@3.0.0", part: "probe" }];
    await expect(openTwin(await seal({ packages: [...packages, ...lost] }, 2), { store })).rejects.toMatchObject({
      code: "TWIN_PACKAGE_MISSING",
      install: "npm install @acme/lost@1.2.0 gone-for-good@3.0.0",
      message: expect.stringContaining(config.environment.engine),
    });
    const notes: string[] = [];
    const older = packages.map(({ purl }) => ({ purl: purl.replace(/zod@.*/, "zod@3.0.0") }));
    const name = await seal({ engine: "99.1.0", packages: older }, 3);
    await using twin = await openTwin(name, { store, onNote: (note) => notes.push(note) });
    expect(probeOf(twin).factor).toBe(42);
    expect(notes).toEqual([
      expect.stringContaining("sealed with zod 3.0.0"),
      expect.stringContaining("npm install twinloom@99.1.0"),
    ]);
  });

  it("refuses names that no version has", async () => {
    await using sample = await sampleStore();
    await expect(openTwin("nobody@v1", { store: sample.folder })).rejects.toMatchObject({
      code: "TWIN_VERSION_NOT_FOUND",
    });
    expect(canonicalJson(await sample.store.twins())).toBe("[]");
  });
});
