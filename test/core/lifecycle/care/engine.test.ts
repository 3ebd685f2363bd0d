import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { access, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestBytes } from "../../../../core/index.ts";
import { readTar, TAR_END, tarHeader, tarPadding } from "../../../../core/lifecycle/care/tar.ts";
import { packStore, unpackEngine, unpackStore, verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { manifest, type SampleEngine, sampleEngine, sealWith } from "./sample-engine.ts";

/** Packs with the engine of a project, into its folder. */
async function pack(sample: SampleEngine, name = "ecal.tar") {
  const file = join(sample.folder, name);
  return await packStore(sample.store, { file, withEngine: sample.root, existing: "replace" });
}

async function filesBelow(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  const files = await Promise.all(paths.map(async (path) => ((await stat(join(folder, path))).isFile() ? [path] : [])));
  return files.flat().sort();
}

/** The files of an archive, to be changed and written anew with a list that fits. */
async function repack(
  file: string,
  change: (files: Map<string, string>, list: { engine: object; files: Record<string, object> }) => void,
) {
  const bytes = await readFile(file);
  const files = new Map<string, string>();
  for await (const { path, position, bytes: length } of readTar(async (into, at) => bytes.copy(into, 0, at))) {
    files.set(path, bytes.toString("latin1", position, position + length));
  }
  const list = JSON.parse(files.get("pack.json") as string);
  change(files, list);
  files.set("pack.json", canonicalJson(list));
  const parts = [...files].flatMap(([path, text]) => {
    const content = Buffer.from(text, "latin1");
    return [tarHeader({ path, bytes: content.length }), content, tarPadding(content.length)];
  });
  await writeFile(file, Buffer.concat([...parts, TAR_END]));
}

describe("An archive with the engine", { timeout: 120_000 }, () => {
  it("has Twinloom, the plugins' packages, what these depend on, and the optional packages that the plugins reach", async () => {
    await using sample = await sampleEngine();
    const { engine, file } = await pack(sample);
    expect(engine).toMatchObject({
      node: ">=20.11",
      platform: null,
      packages: [
        "pkg:npm/%40acme/meter@1.2.0",
        "pkg:npm/fake-hdf5@1.0.0",
        "pkg:npm/flat@1.0.0",
        "pkg:npm/leaf@1.0.0",
        "pkg:npm/leaf@2.0.0",
        "pkg:npm/needy@1.0.0",
        "pkg:npm/twinloom@0.1.0",
      ],
      absent: [],
    });
    const folder = join(sample.folder, "there");
    expect(await unpackEngine(file, folder)).toMatchObject({ packages: engine?.packages, files: engine?.files });
    const [here, there] = [join(sample.folder, "node_modules"), join(folder, "node_modules")];
    const left = /^fake-(?:plots|runner)\//;
    expect(await filesBelow(there)).toEqual((await filesBelow(here)).filter((path) => !left.test(path)));
    for (const path of await filesBelow(there)) {
      expect(await readFile(join(there, path), "utf8"), path).toBe(await readFile(join(here, path), "utf8"));
    }
    // Not 0750: what a group may do here says nothing there.
    expect((await stat(join(there, "twinloom/cli/twinloom.js"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(there, "flat/index.js"))).mode & 0o777).toBe(0o644);
  });

  it("needs nothing but tar to be run from, is a store of itself, and is the same each time", async () => {
    await using sample = await sampleEngine();
    const { file } = await pack(sample);
    expect(await readFile((await pack(sample, "again.tar")).file)).toEqual(await readFile(file));
    const folder = join(sample.folder, "there");
    await mkdir(folder);
    execFileSync("tar", ["-xf", file, "-C", folder, "node_modules"]);
    const program = join(folder, "node_modules/twinloom/cli/twinloom.js");
    expect(execFileSync(program, { encoding: "utf8" })).toBe("engine\n");
    // What tar brought is verified, and is not written anew.
    const before = await stat(program);
    await unpackEngine(file, folder);
    expect((await stat(program)).ino).toBe(before.ino);
    await unpackStore(file, join(folder, ".twinloom"));
    await using store = await openStore(join(folder, ".twinloom"), { index: false });
    expect(await verifyStore(store)).toMatchObject({ sound: true, problems: [] });
    expect(await readdir(folder)).toEqual([".twinloom", "node_modules"]);
  });

  it("is read without the engine as any other", async () => {
    await using sample = await sampleEngine();
    const { file } = await pack(sample);
    const folder = join(sample.folder, "there");
    expect(await unpackStore(file, join(folder, ".twinloom"))).toMatchObject({ versions: ["ecal@v1"] });
    expect(await readdir(folder)).toEqual([".twinloom"]);
    await packStore(sample.store, { file, existing: "replace" });
    await expect(unpackEngine(file, folder)).rejects.toMatchObject({
      code: "TWIN_ARCHIVE_INVALID",
      message: expect.stringContaining("packed without the engine"),
    });
  });

  it("lays out anew what is linked and scattered, so that each package finds the same as before", async () => {
    await using sample = await sampleEngine();
    // As package managers with links have it: what a package depends on lies beside it. And a plugin is a checkout.
    const modules = join(sample.folder, "node_modules");
    const beside = join(modules, ".store/needy/node_modules");
    await mkdir(beside, { recursive: true });
    await rename(join(modules, "needy/node_modules/leaf"), join(beside, "leaf"));
    await rename(join(modules, "needy"), join(beside, "needy"));
    await symlink(join(beside, "needy"), join(modules, "needy"));
    await symlink(join(modules, "flat"), join(beside, "flat"));
    await rename(join(modules, "@acme/meter"), join(sample.folder, "meter"));
    await symlink(join(sample.folder, "meter"), join(modules, "@acme/meter"));
    await sample.write({ "../meter/.env": "TOKEN=secret", "../meter/node_modules/dev/index.js": "not published" });
    const { file } = await pack(sample);
    const folder = join(sample.folder, "there");
    await unpackEngine(file, folder);
    const there = join(folder, "node_modules");
    expect(await readFile(join(there, "needy/node_modules/leaf/lib/leaf.js"), "utf8")).toBe("leaf 2\n");
    expect(await readFile(join(there, "leaf/lib/leaf.js"), "utf8")).toBe("leaf 1\n");
    expect(await readdir(join(there, "@acme/meter"))).toEqual(["index.js", "package.json"]);
  });

  it("of a checkout has what is published, once that is built", async () => {
    await using sample = await sampleEngine();
    const { folder, root } = sample;
    const checkout = join(folder, "checkout");
    await rename(root, checkout);
    await symlink(checkout, root);
    await sample.write({
      "twinloom/core/index.ts": "",
      "twinloom/modules/x.ts": "",
      "twinloom/thematic/x.ts": "",
      "twinloom/cli/main.ts": "",
      "twinloom/data/a.h5": "a",
      "twinloom/data/notes.txt": "n",
      "twinloom/LICENSE": "free",
    });
    const built = join(checkout, "dist/core/index.js");
    await utimes(built, 1, 1);
    await expect(pack(sample)).rejects.toMatchObject({
      code: "TWIN_ENGINE_NOT_PACKABLE",
      problems: [expect.stringMatching(/changed after it was built.*npm run build/)],
    });
    await rm(built);
    await expect(pack(sample)).rejects.toMatchObject({
      problems: [expect.stringMatching(/is not built.*npm run build/)],
    });
    await writeFile(built, "export {};\n");
    const { file } = await pack(sample);
    await unpackEngine(file, join(folder, "there"));
    expect(await filesBelow(join(folder, "there/node_modules/twinloom"))).toEqual([
      "LICENSE",
      "cli/twinloom.js",
      "data/a.h5",
      "dist/core/index.js",
      "dist/modules/hdf5/index.js",
      "dist/modules/hdf5/worker/read.js",
      "dist/modules/report/index.js",
      "package.json",
    ]);
  });

  it("is not made of other packages than the versions were sealed with, nor of broken ones; all is told", async () => {
    await using sample = await sampleEngine();
    const refused = async (): Promise<readonly string[]> => {
      const error = await pack(sample).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: "TWIN_ENGINE_NOT_PACKABLE" });
      await expect(access(join(sample.folder, "ecal.tar"))).rejects.toThrow();
      return (error as { problems: readonly string[] }).problems;
    };
    await rm(join(sample.folder, "node_modules/leaf"), { recursive: true });
    await sample.write({ "flat/inside.js": "x" });
    await symlink("inside.js", join(sample.folder, "node_modules/flat/link.js"));
    await symlink("../../.twinloom/twinloom.json", join(sample.folder, "node_modules/flat/out.json"));
    await symlink(".", join(sample.folder, "node_modules/flat/loop"));
    expect(await refused()).toEqual([
      '"flat" depends on "leaf", which is not installed.',
      '"loop" in package "flat" is a link out of the package, or to no file.',
      '"out.json" in package "flat" is a link out of the package, or to no file.',
    ]);
    await sample.write({ "@acme/meter/package.json": manifest("@acme/meter", "2.0.0") });
    await sample.write({ "twinloom/package.json": manifest("twinloom", "0.2.0") });
    await sealWith(sample.store, ["pkg:npm/gone@3.0.0"], "hcal");
    expect(await refused()).toEqual([
      "ecal@v1 was sealed with twinloom 0.1.0; installed here is 0.2.0.",
      "ecal@v1 was sealed with @acme/meter 1.2.0; installed here is 2.0.0.",
      "hcal@v1 was sealed with twinloom 0.1.0; installed here is 0.2.0.",
      "hcal@v1 was sealed with gone 3.0.0; installed here is none.",
    ]);
  });

  it("has the file behind a link within its package", async () => {
    await using sample = await sampleEngine();
    await symlink("index.js", join(sample.folder, "node_modules/flat/link.js"));
    const { file } = await pack(sample);
    await unpackEngine(file, join(sample.folder, "there"));
    const link = join(sample.folder, "there/node_modules/flat/link.js");
    expect([await readFile(link, "utf8"), (await stat(link)).nlink]).toEqual(["flat\n", 1]);
  });

  it("with native code is for machines of its kind", async () => {
    await using sample = await sampleEngine();
    await sample.write({ "flat/build/fast.node": "machine code" });
    const { file, engine } = await pack(sample);
    expect(engine?.platform).toMatchObject({ os: process.platform, arch: process.arch });
    const folder = join(sample.folder, "there");
    await unpackEngine(file, folder);
    await repack(file, (_, list) => {
      list.engine = { ...list.engine, platform: { os: "plan9", arch: "mips", libc: null } };
    });
    await expect(unpackEngine(file, join(sample.folder, "other"))).rejects.toMatchObject({
      code: "TWIN_PLATFORM_MISMATCH",
      message: expect.stringMatching(/is for plan9, mips, and this is .*unpack the versions alone/),
    });
    await expect(access(join(sample.folder, "other"))).rejects.toThrow();
    await unpackStore(file, join(sample.folder, "other"));
  });

  it("that is damaged or cut off brings no package", async () => {
    await using sample = await sampleEngine();
    const { file } = await pack(sample);
    const sound = await readFile(file);
    const folder = join(sample.folder, "there");
    const refused = async (bytes: Uint8Array, what: string): Promise<void> => {
      await writeFile(file, bytes);
      await expect(unpackEngine(file, folder), what).rejects.toMatchObject({ code: "TWIN_ARCHIVE_INVALID" });
      expect(await readdir(folder).catch(() => []), what).toEqual([]);
    };
    let last = 0;
    for await (const { path, position, bytes } of readTar(async (into, at) => sound.copy(into, 0, at))) {
      if (!path.startsWith("node_modules/")) continue;
      for (const place of [position + Math.floor(bytes / 2), position - 500]) {
        await refused(sound.with(place, (sound[place] as number) ^ 1), `${path}, byte ${place}`);
      }
      last = position;
    }
    for (const length of [last - 300, last + 1, sound.length - 2000])
      await refused(sound.subarray(0, length), "cut off");
    for (const name of ["node_modules/../evil", "node_modules/a\\..\\evil", "node_modules"]) {
      await writeFile(file, sound);
      await repack(file, (files, list) => {
        files.set(name, "evil");
        list.files[name] = { bytes: 4, digest: digestBytes("evil") };
      });
      await refused(await readFile(file), name);
    }
  });

  it("does not touch another package in the place of one, and finds one that was changed", async () => {
    await using sample = await sampleEngine();
    const { file } = await pack(sample);
    const folder = join(sample.folder, "there");
    await unpackEngine(file, folder);
    const changed = join(folder, "node_modules/leaf/lib/leaf.js");
    const refused = async (path: string): Promise<void> => {
      await expect(unpackEngine(file, folder)).rejects.toMatchObject({
        code: "TWIN_FILE_EXISTS",
        message: expect.stringContaining(`"${path}" differs`),
      });
    };
    await writeFile(changed, "LEAF 1\n");
    await refused("node_modules/leaf/lib/leaf.js");
    expect(await readFile(changed, "utf8")).toBe("LEAF 1\n");
    await writeFile(changed, "leaf 1\n");
    await unpackEngine(file, folder);
    // Found by Node before the one at the top.
    await mkdir(join(folder, "node_modules/flat/node_modules"));
    await writeFile(join(folder, "node_modules/flat/node_modules/leaf.js"), "other");
    await refused("node_modules/flat/node_modules/leaf.js");
  });

  it("is not made of a file that changes meanwhile", async () => {
    await using sample = await sampleEngine();
    const file = join(sample.folder, "ecal.tar");
    const leaf = join(sample.folder, "node_modules/leaf/lib/leaf.js");
    const onProgress = (): void => writeFileSync(leaf, "LEAF 1\n");
    await expect(packStore(sample.store, { file, withEngine: sample.root, onProgress })).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      location: leaf,
    });
    await expect(access(file)).rejects.toThrow();
  });

  it("can be called off, and leaves nothing", async () => {
    await using sample = await sampleEngine();
    const called = (): { signal: AbortSignal; onProgress: () => void } => {
      const controller = new AbortController();
      return { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) };
    };
    const file = join(sample.folder, "ecal.tar");
    await expect(packStore(sample.store, { file, withEngine: sample.root, ...called() })).rejects.toThrow("enough");
    await expect(access(file)).rejects.toThrow();
    await pack(sample);
    const folder = join(sample.folder, "there");
    await mkdir(folder);
    await expect(unpackEngine(file, folder, called())).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual([]);
  });
});
