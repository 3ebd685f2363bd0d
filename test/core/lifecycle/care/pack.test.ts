import { execFileSync } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonicalJson, digestBytes } from "../../../../core/index.ts";
import { readTar, TAR_END, tarHeader, tarPadding } from "../../../../core/lifecycle/care/tar.ts";
import { collectGarbage, packStore, unpackStore, verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { readVersion } from "../../../../core/lifecycle/version/manifest.ts";
import { damageFile } from "../../../conformance/broken/broken-object-stores.ts";
import { sampleStore, seal } from "../log/sample-store.ts";
import { blob, errorsOf } from "./files-of-store.ts";
import { fullStore } from "./full-store.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-pack-"));
});
afterAll(() => rm(root, { recursive: true }));
let names = 0;
const fresh = (end = ""): string => join(root, `${names++}${end}`);

describe("An archive", { timeout: 300_000 }, () => {
  it("brings a whole store elsewhere: same versions, aliases, evidence and history", async () => {
    await using sample = await fullStore();
    const file = fresh(".tar");
    const packed = await packStore(sample.store, { file });
    expect(packed).toMatchObject({ file, versions: ["Hcal/β@v1", "ecal@v1", "ecal@v2"] });
    expect(packed.bytes).toBe((await readFile(file)).length);
    const folder = fresh();
    expect(await unpackStore(file, folder)).toMatchObject({ versions: packed.versions, events: 5 });
    const there = await openStore(folder, { index: false });
    expect(await there.list()).toEqual(await sample.store.list());
    expect(await there.resolve("ecal@champion")).toEqual(await sample.store.resolve("ecal@v2"));
    const findings = await verifyStore(there);
    expect(findings).toMatchObject({ sound: true, problems: [] });
    // The continuation goes on here.
    await seal(there, "new here");
    expect((await there.list("ecal")).map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it("is the same for the same store, a POSIX tar, and an OCI image layout", async () => {
    await using sample = await fullStore();
    const [a, b] = [fresh(".tar"), fresh(".tar")];
    await packStore(sample.store, { file: a });
    await packStore(sample.store, { file: b });
    expect((await readFile(a)).equals(await readFile(b))).toBe(true);
    const folder = fresh();
    execFileSync("mkdir", [folder]);
    execFileSync("tar", ["-xf", a, "-C", folder]);
    expect(JSON.parse(await readFile(join(folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
    expect(index.manifests).toHaveLength(4);
    for (const { digest, size } of index.manifests) {
      const bytes = await readFile(join(folder, "blobs/sha256", digest.slice(7)));
      expect([digestBytes(bytes), bytes.length]).toEqual([digest, size]);
    }
  });

  it("of some versions has those, and the logs say which were left; they can follow later", async () => {
    await using sample = await fullStore();
    const [part, rest] = [fresh(".tar"), fresh(".tar")];
    expect(await packStore(sample.store, { file: part, versions: ["ecal@champion", "ecal@v2"] })).toMatchObject({
      versions: ["ecal@v2"],
    });
    await packStore(sample.store, { file: rest, versions: ["ecal@v1"] });
    const folder = fresh();
    await unpackStore(part, folder);
    const there = await openStore(folder, { index: false });
    expect(await there.twins()).toEqual(["ecal"]);
    expect(await readVersion(there.objects, sample.second.digest)).toMatchObject({ config: { twin: "ecal" } });
    // For registry tools, which know nothing of logs: every manifest that is named is there.
    const index = async () => JSON.parse(await readFile(join(folder, "index.json"), "utf8")).manifests;
    expect((await index()).map(({ digest }: { digest: string }) => digest)).toEqual([
      sample.second.digest,
      expect.stringMatching(/^sha256:/),
    ]);
    for (const { digest } of await index()) await access(blob(folder, digest));
    const partial = await verifyStore(there);
    expect(partial.sound).toBe(true);
    expect(partial.problems).toMatchObject([{ severity: "notice", kind: "missing", versions: ["ecal@v1"] }]);
    expect(await collectGarbage(there, { graceMs: 0 })).toMatchObject({ objects: [] });
    expect(await there.absent()).toEqual(new Set([(await there.resolve("ecal@v1")).digest]));
    await expect(readVersion(there.objects, (await there.resolve("ecal@v1")).digest)).rejects.toThrow(
      "This version was left where this store was packed.",
    );
    expect(await unpackStore(rest, folder)).toMatchObject({ versions: ["ecal@v1"], events: 0 });
    expect(await there.absent()).toEqual(new Set());
    expect(await index()).toHaveLength(3);
    expect(await verifyStore(there)).toMatchObject({ sound: true, problems: [] });
    // What is damaged now was not left elsewhere.
    await rm(blob(folder, (await there.resolve("ecal@v1")).digest));
    expect(errorsOf(await verifyStore(there))).toHaveLength(1);
  });

  it("continues a log that is its beginning, repairs what is corrupt, and refuses another history", async () => {
    await using sample = await fullStore();
    const [first, second] = [fresh(".tar"), fresh(".tar")];
    await packStore(sample.store, { file: first });
    const folder = fresh();
    await unpackStore(first, folder);
    await seal(sample.store, "more");
    await packStore(sample.store, { file: second });
    await damageFile(blob(folder, sample.second.digest), (bytes) => bytes.fill(0, 9, 10));
    expect(await unpackStore(second, folder)).toMatchObject({ events: 1 });
    expect(await unpackStore(first, folder)).toMatchObject({ events: 0 });
    const there = await openStore(folder, { index: false });
    expect(await verifyStore(there)).toMatchObject({ sound: true });
    expect(await there.list()).toEqual(await sample.store.list());
    await seal(there, "there");
    await seal(sample.store, "here");
    await packStore(sample.store, { file: second, existing: "replace" });
    await expect(unpackStore(second, folder)).rejects.toMatchObject({
      code: "TWIN_LOG_DIVERGED",
      twin: "ecal",
      sequence: 6,
    });
    expect(await there.list("ecal")).toHaveLength(4);
  });

  it("is not made of a store whose objects are corrupt, and nothing is left", async () => {
    await using sample = await fullStore();
    const file = fresh(".tar");
    const { digest } = await sample.store.objects.put("one");
    await damageFile(blob(sample.folder, digest), () => Buffer.from("eno"));
    await expect(packStore(sample.store, { file })).rejects.toMatchObject({ code: "TWIN_OBJECT_CORRUPT", digest });
    await expect(packStore(sample.store, { file })).rejects.toMatchObject({ code: "TWIN_OBJECT_MISSING", digest });
    await expect(access(file)).rejects.toThrow();
    await using empty = await sampleStore();
    await expect(packStore(empty.store, { file })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("that was damaged anywhere publishes nothing", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "one");
    const file = fresh(".tar");
    await packStore(sample.store, { file });
    const sound = await readFile(file);
    const places: number[] = [];
    for await (const { position, bytes } of readTar(async (into, at) => sound.copy(into, 0, at))) {
      // Of each file a byte, and one of its header.
      places.push(position + Math.floor(bytes / 2), position - 500);
    }
    for (const place of places) {
      const damaged = fresh(".tar");
      await writeFile(damaged, sound.with(place, (sound[place] as number) ^ 1));
      const folder = fresh();
      await expect(unpackStore(damaged, folder), `byte ${place}`).rejects.toMatchObject({
        code: "TWIN_ARCHIVE_INVALID",
      });
      const published = await openStore(folder, { create: true, index: false });
      expect(await published.list(), `byte ${place}`).toEqual([]);
    }
    for (const length of [0, 100, 512, 5000, sound.length - 2000]) {
      await writeFile(file, sound.subarray(0, length));
      await expect(unpackStore(file, fresh())).rejects.toMatchObject({ code: "TWIN_ARCHIVE_INVALID" });
    }
  });

  it("with a name that leads out of it, a link, or a file that is not listed is refused", async () => {
    const archive = (path: string, change = (header: Uint8Array) => header): Uint8Array => {
      // Listed, as an attacker would.
      const files = path === "pack.json" ? {} : { [path]: { bytes: 4, digest: digestBytes("evil") } };
      const list = canonicalJson({ schemaVersion: 1, versions: [], files });
      const entry = (name: string, text: string) => [
        tarHeader({ path: name, bytes: text.length }),
        Buffer.from(text),
        tarPadding(text.length),
      ];
      const [header, ...content] = entry(path, "evil") as [Uint8Array, ...Uint8Array[]];
      return Buffer.concat([...entry("pack.json", list), change(header), ...content, TAR_END]);
    };
    const evil = [
      "../evil",
      "/tmp/evil",
      "blobs/sha256/../../evil",
      "events/../evil/00000001.json",
      "events/a\\..\\b/00000001.json",
    ];
    for (const path of [...evil, `${"long/".repeat(60)}evil`]) {
      const file = fresh(".tar");
      await writeFile(file, archive(path));
      await expect(unpackStore(file, fresh()), path).rejects.toMatchObject({
        code: "TWIN_ARCHIVE_INVALID",
        message: expect.stringContaining(`it holds ${JSON.stringify(path)}, which no store has.`),
      });
    }
    const twice = fresh(".tar");
    await writeFile(twice, archive("pack.json"));
    await expect(unpackStore(twice, fresh())).rejects.toThrow('it holds "pack.json" twice.');
    const unlisted = fresh(".tar");
    await writeFile(
      unlisted,
      Buffer.from(archive("oci-layout")).toString("latin1").replace('"oci-layout"', '"oci-layouT"'),
      "latin1",
    );
    await expect(unpackStore(unlisted, fresh())).rejects.toThrow('it holds "oci-layout", which its list does not.');
    const link = fresh(".tar");
    const made = archive("oci-layout", (header) => {
      const changed = header.with(156, 0x32);
      // The checksum of a header whose type went from "0" to "2".
      const sum = Number.parseInt(Buffer.from(header.subarray(148, 154)).toString(), 8) + 2;
      changed.set(Buffer.from(sum.toString(8).padStart(6, "0")), 148);
      return changed;
    });
    await writeFile(link, made);
    await expect(unpackStore(link, fresh())).rejects.toThrow("is no file and no folder");
    expect(await readdir(tmpdir())).not.toContain("evil");
  });

  it("keeps long names and large sizes in extended headers, as tar reads them", async () => {
    const path = `events/${"%e4".repeat(60)}/00000001.json`;
    const file = fresh(".tar");
    await writeFile(file, Buffer.concat([tarHeader({ path, bytes: 2 }), Buffer.from("{}"), tarPadding(2), TAR_END]));
    expect(execFileSync("tar", ["-tf", file], { encoding: "utf8" })).toBe(`${path}\n`);
    const bytes = 9 * 2 ** 30;
    const header = tarHeader({ path: "blobs/large", bytes });
    const entries = readTar(async (into, at) => {
      if (at >= header.length) return Buffer.from(into.buffer, into.byteOffset, into.length).fill(0).length;
      return Buffer.from(header).copy(into, 0, at);
    });
    expect((await entries.next()).value).toMatchObject({ path: "blobs/large", bytes, position: header.length });
  });

  it("is not unpacked into a folder that holds something else", async () => {
    await using sample = await fullStore();
    const file = fresh(".tar");
    await packStore(sample.store, { file, versions: ["ecal@v1"] });
    const folder = fresh();
    execFileSync("mkdir", [folder]);
    await writeFile(join(folder, "thesis.tex"), "mine");
    await expect(unpackStore(file, folder)).rejects.toMatchObject({ code: "TWIN_STORE_NOT_FOUND" });
    expect(await readdir(folder)).toEqual(["thesis.tex"]);
    await expect(packStore(sample.store, { file })).rejects.toMatchObject({ code: "TWIN_FILE_EXISTS" });
  });
});
