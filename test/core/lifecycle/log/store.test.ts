import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Digest } from "../../../../core/index.ts";
import { verifyStore } from "../../../../core/lifecycle/care/verify.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs, systemError } from "./intercepted-fs.ts";
import { attestation, eventsOf, sampleStore, seal } from "./sample-store.ts";

describe("The name of a version", () => {
  it("is the twin's for the newest, or has a number, an alias or a digest", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const first = await seal(store, "a");
    await seal(store, "b");
    await seal(store, "c");
    await store.moveAlias("ecal@prod/champion", "ecal@v2");
    const numberOf = async (name: string): Promise<number> => (await store.resolve(name)).number;
    expect(await numberOf("ecal")).toBe(3);
    expect(await numberOf("ecal@v1")).toBe(1);
    expect(await numberOf("ecal@prod/champion")).toBe(2);
    expect(await numberOf(first.digest)).toBe(1);
    expect(await numberOf(first.digest.slice(0, 15))).toBe(1);
    expect(await numberOf(`ecal@${first.digest.slice(0, 20)}`)).toBe(1);
    await store.changeState("ecal@v3", "withdrawn", { reason: "leaks" });
    expect(await numberOf("ecal")).toBe(2);
    expect(await numberOf("ecal@v3")).toBe(3);
  });

  it("that is nobody's is told what there is", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    await expect(store.resolve("ecal")).rejects.toThrow('the store has no twin "ecal". There are none.');
    const digests = [];
    for (const text of ["a", "b"]) digests.push((await seal(store, text)).digest);
    await seal(store, "a", { twin: "hcal" });
    await store.moveAlias("ecal@champion", "ecal@v1");
    const told: Readonly<Record<string, string>> = {
      "ecall@v1": 'the store has no twin "ecall". Did you mean "ecal"? There are: ecal, hcal.',
      "ecal@v3": 'the newest version of "ecal" is v2.',
      "ecal@v0": 'it has no alias "v0".',
      "ecal@chmpion": 'Did you mean "champion"? There is: champion. Its versions are v1 to v2.',
      "hcal@champion": 'it has no alias "champion". It has none at all. Its only version is v1.',
      "sha256:1234567": "it needs 8 to 64 digits",
      "sha256:00000000": "no version of the store has that digest.",
      "ecal@sha256:ABCDEF01": "0-9 and a-f",
    };
    for (const [name, message] of Object.entries(told)) {
      await expect(store.resolve(name), name).rejects.toMatchObject({
        code: "TWIN_VERSION_NOT_FOUND",
        wanted: name,
        message: expect.stringContaining(message),
      });
    }
  });

  it("that begins several digests is refused with all of them", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const digest = (end: string) => `sha256:${"ab".repeat(31)}${end}` as const;
    for (const end of ["01", "02"]) {
      const version = { mediaType: "text/plain", digest: digest(end), size: 1 };
      await store.log("ecal").append(({ versions }) => ({ type: "sealed", version, number: versions.size + 1 }));
    }
    await expect(store.resolve("sha256:abababab")).rejects.toThrow(
      `it is the beginning of several: ${digest("01")} (ecal@v1), ${digest("02")} (ecal@v2). Give more digits.`,
    );
    expect((await store.resolve(digest("02"))).number).toBe(2);
  });
});

describe("A store", () => {
  it("has an OCI index of its versions and attestations, made from the logs", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const first = await seal(store, "a");
    const second = await seal(store, "a", { twin: "Kalorimeter Süd" });
    const evidence = await store.attest("ecal", attestation(first.digest, "validation"));
    const index = async (): Promise<unknown> => JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
    // What OCI asks of a layout from the first moment; events need not wait for it.
    expect(await index()).toMatchObject({ schemaVersion: 2, manifests: [] });
    await store.close();
    const expected = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          ...second.descriptor,
          annotations: { "org.opencontainers.image.ref.name": expect.stringMatching(/^twin-[0-9a-f]{12}-v1$/) },
        },
        { ...first.descriptor, annotations: { "org.opencontainers.image.ref.name": "ecal-v1" } },
        evidence,
      ],
    };
    expect(await index()).toEqual(expected);
    await writeFile(join(folder, "index.json"), "garbage");
    await store.comment("ecal", "looks good");
    await store.close();
    expect(await index()).toEqual(expected);
    // As a writer leaves it that was killed.
    await writeFile(join(folder, "index.json"), "garbage");
    expect((await verifyStore(store)).problems).toEqual([]);
    expect(await index()).toEqual(expected);
  });

  it("appends with as many calls to the file system, however many twins there are, and lists no folder", async () => {
    let calls = 0;
    let lists = 0;
    await using sample = await sampleStore({
      fs: interceptedFs((call) => {
        calls++;
        if (call === "list") lists++;
      }),
    });
    const { store } = sample;
    const callsOfComment = async (): Promise<number> => {
      await store.comment("ecal@v1", "looks good");
      calls = 0;
      lists = 0;
      await store.log("ecal").append(({ versions }) => {
        const [version] = versions.keys();
        return { type: "commented", version: version as Digest, text: "still" };
      });
      expect(lists).toBe(0);
      return calls;
    };
    await seal(store, "a");
    const alone = await callsOfComment();
    for (const twin of ["b", "c", "d"]) await seal(store, "a", { twin });
    expect(await callsOfComment()).toBe(alone);
  });

  it("is as good without its OCI index", async () => {
    await using sample = await sampleStore();
    const store = await openStore(sample.folder, {
      index: false,
      fs: interceptedFs((call, path) => {
        if (call === "create" && path.includes("index.json")) throw systemError("ENOSPC");
      }),
    });
    expect((await seal(store, "a")).number).toBe(1);
    await store.close();
    expect((await store.resolve("ecal")).number).toBe(1);
    expect(await verifyStore(store)).toMatchObject({ sound: true, problems: [{ file: "index.json" }] });
  });

  it("keeps comments in the log, and nothing of another program in its list of twins", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    await seal(store, "a");
    await store.comment("ecal@v1", "the one of the paper", { actor: "ben@lab" });
    expect((await eventsOf(store)).at(-1)).toMatchObject({
      actor: "ben@lab",
      change: { type: "commented", text: "the one of the paper" },
    });
    for (const name of [".DS_Store", "desktop.ini"]) await writeFile(join(folder, "events", name), "");
    expect(await store.twins()).toEqual(["ecal"]);
    expect(await store.list()).toHaveLength(1);
  });

  it("of a newer format is read, and says so when it is written to", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "a");
    await writeFile(join(sample.folder, "twinloom.json"), '{"format":2}');
    const newer = await openStore(sample.folder, { index: false });
    expect(newer.writable).toBe(false);
    expect((await newer.resolve("ecal@v1")).number).toBe(1);
    for (const write of [
      () => newer.moveAlias("ecal@a", "ecal@v1"),
      () => newer.comment("ecal", "x"),
      () => newer.pin(),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: "TWIN_STORE_NEWER" });
    }
  });

  it("whose writer was stopped until others took it for dead records nothing", async () => {
    await using sample = await sampleStore();
    const { store, folder } = sample;
    const { digest } = await seal(store, "a");
    let skewMs = 0;
    const meanwhile: Readonly<Record<string, () => unknown>> = {
      "a collector comes": () => rm(join(folder, "pins"), { recursive: true, force: true }),
      // None does, but one may have looked.
      "two hours go by": () => {
        skewMs = 7_200_000;
      },
    };
    for (const [what, happens] of Object.entries(meanwhile)) {
      const stopped = await openStore(folder, {
        clock: { now: () => Date.now() + skewMs },
        fs: interceptedFs(async (call, path) => {
          if (call === "syncFolder" && path.includes("blobs")) await happens();
        }),
      });
      await expect(stopped.attest("ecal", attestation(digest, "validation")), what).rejects.toMatchObject({
        code: "TWIN_PIN_LOST",
      });
    }
    expect((await store.log("ecal").read()).attestations.size).toBe(0);
  });
});
