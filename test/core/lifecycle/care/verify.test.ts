import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../../core/index.ts";
import { verifyStore } from "../../../../core/lifecycle/index.ts";
import { folderOfTwin } from "../../../../core/lifecycle/log/folder-name.ts";
import type { VersionEntry } from "../../../../core/lifecycle/log/twin-state.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { readVersion } from "../../../../core/lifecycle/version/manifest.ts";
import { damageFile } from "../../../conformance/broken/broken-object-stores.ts";
import { interceptedFs, systemError } from "../log/intercepted-fs.ts";
import { attestation, sampleStore, seal } from "../log/sample-store.ts";
import { blob, errorsOf, filesOfStore } from "./files-of-store.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";

/** A store with versions of two twins, evidence, an alias and a comment. */
async function fullStore() {
  const sample = await sampleStore();
  const { store } = sample;
  const first = await seal(store, "one", { policy: "validated: {}\n" });
  const second = await seal(store, "two");
  await seal(store, "three", { twin: "Hcal/β" });
  await store.attest("ecal@v2", attestation(second.digest, "validation", { metrics: { auc: 0.51 } }));
  await store.moveAlias("ecal@champion", "ecal@v1");
  await store.comment("ecal@v1", "looks well", { reason: "asked to" });
  return { ...sample, first, second };
}

describe("Verifying a store", { timeout: 1_200_000 }, () => {
  it("finds nothing wrong in a sound one, and tells what it read", async () => {
    await using sample = await fullStore();
    const told: number[] = [];
    const findings = await verifyStore(sample.store, { onProgress: (done, of) => told.push(done / of) });
    expect(findings).toMatchObject({ sound: true, problems: [], checked: { events: 6, versions: 3 } });
    expect(findings.checked.objects).toBe(
      (await filesOfStore(sample.folder)).filter((path) => path.startsWith("blobs")).length,
    );
    expect(told.at(-1)).toBe(1);
    // A large one is told of in parts.
    await sample.store.objects.put("x".repeat(3_000_000));
    const parts: number[] = [];
    await verifyStore(sample.store, { onProgress: (done, of) => parts.push(done / of) });
    expect(parts.filter((part) => part > 0.1 && part < 0.9).length).toBeGreaterThan(1);
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
  });

  it(`finds a byte changed anywhere, and names its file (${IS_LONG ? 500 : 40} of them)`, async () => {
    const random = new RandomStream({ seed: 5n, id: 0n });
    const pick = (below: number): number => Math.floor(random.uniform() * below);
    await using sample = await fullStore();
    const files = await filesOfStore(sample.folder);
    for (let round = 0; round < (IS_LONG ? 500 : 40); round++) {
      const file = files[round < files.length ? round : pick(files.length)] as string;
      const path = join(sample.folder, file);
      const before = await readFile(path);
      const at = pick(before.length);
      await damageFile(path, (bytes) => bytes.fill((bytes[at] as number) ^ (1 + pick(255)), at, at + 1));
      // Not opened anew where the format itself was changed: then it may be no store.
      const findings = await verifyStore(sample.store);
      expect(findings.sound, `byte ${at} of ${file}`).toBe(false);
      expect(
        errorsOf(findings).map((each) => each.split(" ")[1]),
        `byte ${at} of ${file}`,
      ).toContain(file);
      await rm(path, { force: true });
      await writeFile(path, before);
      await chmod(path, 0o444);
    }
    expect((await verifyStore(sample.store)).sound).toBe(true);
  });

  it("names the versions that need a corrupt object, where it is now, and how to repair it", async () => {
    await using sample = await fullStore();
    const { digest } = await sample.store.objects.put("one");
    await damageFile(blob(sample.folder, digest), (bytes) => Buffer.concat([bytes, Buffer.from("!")]));
    const findings = await verifyStore(sample.store);
    expect(findings.problems).toEqual([
      {
        severity: "error",
        kind: "corrupt",
        digest,
        file: `blobs/sha256/${digest.slice(7)}`,
        versions: ["ecal@v1"],
        problem: expect.stringContaining(`moved to quarantine/sha256/${digest.slice(7)}`),
        repair: expect.stringContaining("twinloom store pack ecal@v1 --out repair.tar"),
      },
    ]);
    const again = await verifyStore(sample.store);
    expect(again.problems).toMatchObject([
      { kind: "missing", problem: expect.stringContaining(`are kept in quarantine/sha256/${digest.slice(7)}.`) },
    ]);
    await sample.store.objects.put("one");
    // What is left is told, or nobody would clear it away.
    expect(await verifyStore(sample.store)).toMatchObject({
      sound: true,
      problems: [{ severity: "notice", kind: "quarantined", file: `quarantine/sha256/${digest.slice(7)}` }],
    });
  });

  it("takes sound bytes back from quarantine", async () => {
    await using sample = await fullStore();
    const quarantine = join(sample.folder, "quarantine/sha256");
    await mkdir(quarantine, { recursive: true });
    const { digest } = await sample.store.objects.put("one");
    await rename(blob(sample.folder, digest), join(quarantine, digest.slice(7)));
    await rename(blob(sample.folder, sample.second.digest), join(quarantine, sample.second.digest.slice(7)));
    expect(await verifyStore(sample.store)).toMatchObject({ sound: true, problems: [] });
    expect(await readdir(quarantine)).toEqual([]);
  });

  it("gives commands that a shell takes as they are, and says what sealing again does not bring", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const twin = "ann's ecal; rm -rf *";
    const entries = [];
    for (const text of ["1", "2", "3", "4", "5", "6"])
      entries.push(await seal(store, text, { twin, policy: "validated: {}\n" }));
    const { digest: policy } = await store.objects.put("validated: {}\n");
    const { manifest } = await readVersion(store.objects, (entries[0] as VersionEntry).digest);
    const lost = [policy, manifest.config.digest, (entries[1] as VersionEntry).digest];
    for (const digest of lost) await rm(blob(folder, digest));
    const { problems } = await verifyStore(store);
    const repairs = new Map(problems.map(({ digest, repair }) => [digest, repair]));
    const word = "'ann'\\''s ecal; rm -rf *@v1'";
    expect(repairs.get(policy)).toContain(`run "twinloom store pack ${word} --out repair.tar"`);
    // What the lost manifest needs is not known.
    expect(problems.find(({ digest }) => digest === policy)?.versions).toHaveLength(5);
    expect(execFileSync("sh", ["-c", `printf %s ${word}`], { encoding: "utf8" })).toBe(`${twin}@v1`);
    expect(repairs.get(policy)).toContain("or seal again from the same files");
    for (const digest of lost.slice(1)) {
      expect(repairs.get(digest)).toContain("sealing again does not bring it");
      expect(repairs.get(digest)).not.toContain("equal content");
    }
    const log = `events/${folderOfTwin(twin)}/00000002.json`;
    await writeFile(join(folder, log), "{}");
    const broken = (await verifyStore(store)).problems.find(({ kind }) => kind === "log");
    expect(broken?.repair).toContain("twinloom store pack 'ann'\\''s ecal; rm -rf *' --out repair.tar");
  });

  it("says what helps against evidence that was wrong from the first", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "one");
    const evidence = await store.attest(digest, attestation(digest, "validation"));
    await store.log("ecal").append(() => ({
      type: "attested",
      version: digest,
      attestation: evidence,
      kind: "audit",
      verdict: "passed",
    }));
    const { problems } = await verifyStore(store);
    expect(problems).toMatchObject([{ kind: "damaged", digest: evidence.digest }]);
    expect(problems[0]?.repair).toContain("seal a version that differs");
  });

  it("tells missing blobs and manifests, each once, with every version that needs it", async () => {
    await using sample = await fullStore();
    const { digest: spec } = await sample.store.objects.put("one");
    await rm(blob(sample.folder, spec));
    await rm(blob(sample.folder, sample.second.digest));
    const { problems } = await verifyStore(sample.store);
    expect(problems.map(({ kind, digest, versions }) => ({ kind, digest, versions }))).toEqual(
      expect.arrayContaining([
        { kind: "missing", digest: spec, versions: ["ecal@v1"] },
        { kind: "missing", digest: sample.second.digest, versions: ["ecal@v2"] },
      ]),
    );
    expect(problems).toHaveLength(2);
  });

  it("tells a manifest that is not canonical, although its digest is right", async () => {
    await using sample = await fullStore();
    const { objects } = sample.store;
    const text = Buffer.from(await objects.get(sample.first.digest)).toString();
    const { digest, bytes } = await objects.put(text.replace("{", "{ "));
    const version = { ...sample.first.descriptor, digest, size: bytes };
    await sample.store.log("ecal").append(() => ({ type: "sealed", version, number: 3 }));
    const { problems } = await verifyStore(sample.store);
    expect(problems).toMatchObject([{ kind: "damaged", digest, versions: ["ecal@v3"] }]);
    expect(problems[0]?.problem).toContain("canonical");
  });

  it("tells a broken chain, and what of it is sound is checked", async () => {
    await using sample = await fullStore();
    await rm(join(sample.folder, "events/ecal/00000002.json"));
    const findings = await verifyStore(sample.store);
    expect(errorsOf(findings)).toEqual(["log events/ecal/00000002.json"]);
    expect(findings.checked.events).toBe(2);
  });

  it("tells what cannot be read without calling it corrupt, and leaves it", async () => {
    await using sample = await fullStore();
    const { digest } = await sample.store.objects.put("one");
    const fs = interceptedFs((call, path) => {
      if (call === "read" && path.endsWith(digest.slice(7))) throw systemError("EIO");
    });
    const findings = await verifyStore(await openStore(sample.folder, { fs, index: false }));
    expect(errorsOf(findings)).toEqual([`unreadable blobs/sha256/${digest.slice(7)}`]);
    expect(await sample.store.objects.verify(digest)).toBe("sound");
  });

  it("notices stray files, and takes temporary files of killed writers for nothing wrong", async () => {
    await using sample = await fullStore();
    await mkdir(join(sample.folder, "events/NotATwin"));
    await mkdir(join(sample.folder, "blobs/sha256", "0".repeat(64)));
    await writeFile(join(sample.folder, "events/hcal"), "");
    await writeFile(join(sample.folder, "notes.txt"), "mine");
    await writeFile(join(sample.folder, "blobs/sha256/readme"), "mine");
    await writeFile(join(sample.folder, "blobs/sha256/.object.0123456789ab.partial"), "half");
    const { sound, problems } = await verifyStore(sample.store);
    expect(sound).toBe(true);
    expect(problems.map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      `stray blobs/sha256/${"0".repeat(64)}`,
      "stray blobs/sha256/readme",
      "stray events/NotATwin",
      "stray events/hcal",
      "stray notes.txt",
    ]);
  });

  it("stops at its signal", async () => {
    await using sample = await fullStore();
    const abort = new AbortController();
    const verifying = verifyStore(sample.store, { signal: abort.signal, onProgress: () => abort.abort("enough") });
    await expect(verifying).rejects.toBe("enough");
  });
});
