import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestBytes } from "../../../../core/index.ts";
import { withChecksum } from "../../../../core/lifecycle/log/parse-event.ts";
import type { Change, Event } from "../../../../core/lifecycle/schema.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { MemoryFs } from "../objects/memory-fs.ts";
import { interceptedFs, systemError } from "./intercepted-fs.ts";
import { eventsOf, sampleStore } from "./sample-store.ts";

const sealing =
  (text: string) =>
  ({ versions }: { readonly versions: ReadonlyMap<string, unknown> }): Change => ({
    type: "sealed",
    version: { mediaType: "text/plain", digest: digestBytes(text), size: text.length },
    number: versions.size + 1,
  });

const fileOf = (folder: string, sequence: number): string =>
  join(folder, "events/ecal", `${String(sequence).padStart(8, "0")}.json`);

async function logOf(store: TwinStore, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await store.log("ecal").append(sealing(`${i}`), { reason: "a \uFFFD b" });
}

describe("The log of a twin", () => {
  it("chains its events by the digests of their texts, with who, when and why", async () => {
    await using sample = await sampleStore({ clock: { now: () => Date.UTC(2026, 10, 21) } });
    const log = sample.store.log("ecal");
    await log.append(sealing("a"), { reason: "first light" });
    await log.append(sealing("b"), { actor: "ben@lab" });
    const [first, second] = await eventsOf(sample.store);
    expect(first).toMatchObject({
      sequence: 1,
      previous: null,
      at: "2026-11-21T00:00:00.000Z",
      actor: "ann@lab",
      reason: "first light",
    });
    expect(second).toMatchObject({
      sequence: 2,
      previous: digestBytes(await readFile(fileOf(sample.folder, 1))),
      actor: "ben@lab",
      reason: null,
    });
    expect([...(await log.read()).versions.values()].map(({ number }) => number)).toEqual([1, 2]);
    expect(await readdir(join(sample.folder, "events/ecal"))).toEqual(["00000001.json", "00000002.json"]);
  });

  it("has no event where the decision wants none, and refuses what cannot follow", async () => {
    await using sample = await sampleStore();
    const log = sample.store.log("ecal");
    await logOf(sample.store, 1);
    expect(await log.append(() => undefined)).toBeUndefined();
    await expect(log.append(sealing("1"))).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    const late: Change = {
      ...(sealing("2")({ versions: new Map() }) as Extract<Change, { type: "sealed" }>),
      number: 3,
    };
    await expect(log.append(() => late)).rejects.toThrow("it seals v3, and v2 is the next.");
    expect(await eventsOf(sample.store)).toHaveLength(1);
  });

  it("decides anew when another writer is faster, and loses nothing", async () => {
    await using sample = await sampleStore();
    const writers = await Promise.all(Array.from({ length: 5 }, () => openStore(sample.folder, { index: false })));
    let decisions = 0;
    await Promise.all(
      writers.flatMap((store, writer) =>
        Array.from({ length: 8 }, async (_, i) => {
          await store.log("ecal").append((state) => {
            decisions++;
            return sealing(`${writer}/${i}`)(state);
          });
        }),
      ),
    );
    const numbers = (await sample.store.list("ecal")).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await eventsOf(sample.store)).toHaveLength(40);
    expect(decisions).toBeGreaterThan(40);
  });

  it("works without hard links, and completes the event of a writer that was killed in between", async () => {
    const noLinks = (more: (call: string, path: string) => void | Promise<void> = () => undefined) =>
      interceptedFs(async (call, path) => {
        if (call === "link" && path.includes("events")) throw systemError("EPERM");
        await more(call, path);
      });
    await using sample = await sampleStore({ fs: noLinks() });
    await logOf(sample.store, 1);
    // Never goes on after the claim.
    const killed = await openStore(sample.folder, {
      fs: noLinks(async (call, path) => {
        if (call === "readFile" && path.endsWith("2.json.claim/event")) await new Promise(() => undefined);
      }),
    });
    void killed.log("ecal").append(sealing("of the killed one"));
    while (!(await readdir(join(sample.folder, "events/ecal"))).includes("00000002.json.claim")) {
      await new Promise(setImmediate);
    }
    const writers = await Promise.all(Array.from({ length: 3 }, () => openStore(sample.folder, { fs: noLinks() })));
    await Promise.all(writers.map((store, i) => store.log("ecal").append(sealing(`after ${i}`))));
    const sealed = (await eventsOf(sample.store)).map(
      ({ change }) => change.type === "sealed" && change.version.digest,
    );
    expect(sealed).toHaveLength(5);
    expect(sealed[1]).toBe(digestBytes("of the killed one"));
  });

  it("has one way to give numbers, which all writers take: links and claims do not see each other", async () => {
    const noLinks = interceptedFs((call, path) => {
      if (call === "link" && path.includes("events")) throw systemError("EPERM");
    });
    await using without = await sampleStore({ fs: noLinks });
    await logOf(without.store, 1);
    let links = 0;
    const counted = interceptedFs((call, path) => {
      if (call === "link" && path.includes("events")) links++;
    });
    // The same folder, seen by a machine that could link.
    await (await openStore(without.folder, { fs: counted })).log("ecal").append(sealing("2"));
    expect(links).toBe(0);
    expect(await eventsOf(without.store)).toHaveLength(2);
    await using made = await sampleStore();
    await logOf(made.store, 1);
    const cannot = (await openStore(made.folder, { fs: noLinks })).log("ecal");
    await expect(cannot.append(sealing("2"))).rejects.toMatchObject({
      code: "TWIN_WRITE_FAILED",
      message: expect.stringContaining("there are no hard links here"),
    });
    expect(await readdir(join(made.folder, "events/ecal"))).toEqual(["00000001.json"]);
  });

  it("takes an event for its own when the reply to its link was lost", async () => {
    let links = 0;
    await using sample = await sampleStore({
      fs: interceptedFs(async (call, path) => {
        if (call !== "link" || !path.includes("events/ecal")) return;
        links++;
        // What a network file system does: the link is made, and then made again.
        const { link } = await import("node:fs/promises");
        await link(path, fileOf(sample.folder, 1));
      }),
    });
    expect(await sample.store.log("ecal").append(sealing("a"))).toMatchObject({ sequence: 1 });
    expect(links).toBe(1);
    expect(await eventsOf(sample.store)).toHaveLength(1);
  });

  it("is read from the start when the store was replaced beneath it", async () => {
    await using sample = await sampleStore();
    await logOf(sample.store, 3);
    await using other = await sampleStore();
    await other.store.log("ecal").append(sealing("another"));
    for (const sequence of [1, 2, 3]) await rm(fileOf(sample.folder, sequence));
    await writeFile(fileOf(sample.folder, 1), await readFile(fileOf(other.folder, 1)));
    expect((await sample.store.list("ecal")).map(({ digest }) => digest)).toEqual([digestBytes("another")]);
  });

  it("is durable where it is told of, also what another writer was stopped at", async () => {
    const disk = new MemoryFs();
    const store = await openStore("/store", { fs: disk, create: true });
    await logOf(store, 1);
    const stopped = await openStore("/store", {
      fs: disk.watched((call, path) =>
        call === "syncFolder" && path.includes("/events/") ? new Promise<void>(() => undefined) : undefined,
      ),
    });
    void stopped.log("ecal").append(sealing("2"));
    while ((await store.log("ecal").read()).versions.size < 2) await new Promise(setImmediate);
    const other = await openStore("/store", { fs: disk });
    expect(await other.log("ecal").append(() => undefined)).toBeUndefined();
    const after = await openStore("/store", { fs: disk.afterPowerCut("synced") });
    expect(await after.list()).toHaveLength(2);
  });

  it("stops at its signal", async () => {
    await using sample = await sampleStore();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(sample.store.log("ecal").append(sealing("a"), { signal })).rejects.toThrow("enough");
    expect(await eventsOf(sample.store)).toEqual([]);
  });

  it("stops with the signal's reason while it waits for another try", async () => {
    const aborting = new AbortController();
    const reason = new Error("enough");
    let tries = 0;
    // As if others were always faster: the next number is taken each time.
    const fs = interceptedFs((call, path) => {
      if (call !== "link" || !path.includes("events")) return;
      if (++tries === 3) setImmediate(() => aborting.abort(reason));
      throw systemError("EEXIST");
    });
    const taken = {
      ...fs,
      stat: async () => ({ kind: "file", bytes: 1, modifiedMs: 0, identity: `${Math.random()}` }),
    };
    await using sample = await sampleStore();
    await logOf(sample.store, 1);
    const store = await openStore(sample.folder, { fs: taken as typeof fs });
    const stopped = store.log("ecal").append(sealing("a"), { signal: aborting.signal });
    await expect(stopped).rejects.toBe(reason);
  });
});

describe("A damaged log", () => {
  const damages: Readonly<Record<string, readonly [(folder: string) => Promise<void>, number, string]>> = {
    "an altered event": [
      async (folder) => {
        const text = await readFile(fileOf(folder, 3), "utf8");
        await writeFile(fileOf(folder, 3), text.replace("ann@lab", "eve@lab"));
      },
      3,
      "it was altered: its checksum is another.",
    ],
    "an event that was made anew in the place of another": [
      async (folder) => {
        const { checksum: _, ...facts } = JSON.parse(await readFile(fileOf(folder, 3), "utf8")) as Event;
        await writeFile(fileOf(folder, 3), canonicalJson(withChecksum({ ...facts, actor: "eve@lab" })));
      },
      4,
      "its `previous` is not the digest of the event before",
    ],
    "its newest event altered": [
      async (folder) => {
        const text = await readFile(fileOf(folder, 5), "utf8");
        await writeFile(fileOf(folder, 5), text.replace("ann@lab", "bnn@lab"));
      },
      5,
      "it was altered: its checksum is another.",
    ],
    "a missing event": [(folder) => rm(fileOf(folder, 3)), 3, "it is missing, and later ones are there."],
    "a truncated event": [(folder) => writeFile(fileOf(folder, 3), "{"), 3, "it is no JSON."],
    "an empty event": [(folder) => writeFile(fileOf(folder, 3), ""), 3, "it is empty."],
    "an event in the place of another": [
      async (folder) => writeFile(fileOf(folder, 3), await readFile(fileOf(folder, 2))),
      3,
      "it says that it is event 2.",
    ],
    "an event of another schema": [
      async (folder) => {
        const event = JSON.parse(await readFile(fileOf(folder, 3), "utf8")) as object;
        await writeFile(fileOf(folder, 3), JSON.stringify({ ...event, schemaVersion: 2 }));
      },
      3,
      "it is no event: schemaVersion",
    ],
    "bytes that are no UTF-8, which a lenient reader takes for what was there": [
      async (folder) => {
        const bytes = await readFile(fileOf(folder, 3));
        const at = bytes.indexOf(Buffer.from("\uFFFD"));
        await writeFile(
          fileOf(folder, 3),
          Buffer.concat([bytes.subarray(0, at), Buffer.of(0xff), bytes.subarray(at + 3)]),
        );
      },
      3,
      "it is no JSON.",
    ],
    "an event in other words, with digests that fit": [
      async (folder) => {
        const { checksum: _, ...facts } = JSON.parse(await readFile(fileOf(folder, 3), "utf8")) as Event;
        const without = canonicalJson(facts).replace('"reason":', '"reason": ');
        await writeFile(
          fileOf(folder, 3),
          without.replace(',"previous"', `,"checksum":"${digestBytes(without)}","previous"`),
        );
      },
      3,
      "it is no canonical JSON (RFC 8785)",
    ],
  };

  it.each(Object.entries(damages))(
    "with %s names it, and what can be trusted",
    async (_, [damage, sequence, problem]) => {
      await using sample = await sampleStore();
      await logOf(sample.store, 5);
      await damage(sample.folder);
      const file = `events/ecal/0000000${sequence}.json`;
      const store = await openStore(sample.folder, { index: false });
      await expect(store.list("ecal")).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence, file, twin: "ecal" });
      const broken = await store.list().catch((error: unknown) => error as Error);
      expect(broken).toMatchObject({ message: expect.stringContaining(`Events 1 to ${sequence - 1} can be trusted`) });
      expect(broken).toMatchObject({ message: expect.stringContaining(problem) });
      // Nothing is written onto it.
      await expect(store.log("ecal").append(sealing("x"))).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN" });
      const trusted: number[] = [];
      const reading = async (): Promise<void> => {
        for await (const event of store.log("ecal").events()) trusted.push(event.sequence);
      };
      await expect(reading()).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence });
      expect(trusted).toEqual(Array.from({ length: sequence - 1 }, (_, i) => i + 1));
    },
  );

  it.each([
    ["of a newer form", { schemaVersion: 2 }, 1],
    ["with a change of another kind", { change: { type: "renamed", to: "hcal" } }, 1],
    ["of any other form in a store of a newer format", { from: "elsewhere" }, 2],
  ])("with an event %s was written by a newer Twinloom", async (_, more, format) => {
    await using sample = await sampleStore();
    await logOf(sample.store, 2);
    const { checksum: _checksum, ...facts } = JSON.parse(await readFile(fileOf(sample.folder, 2), "utf8")) as Event;
    await writeFile(fileOf(sample.folder, 2), canonicalJson(withChecksum({ ...facts, ...more } as Event)));
    await writeFile(join(sample.folder, "twinloom.json"), JSON.stringify({ format }));
    const store = await openStore(sample.folder, { index: false });
    await expect(store.list()).rejects.toMatchObject({ code: "TWIN_STORE_NEWER" });
    await expect(store.list()).rejects.toThrow('this one cannot read event 2 of twin "ecal": it');
  });

  it("of another twin is not read as this one's", async () => {
    await using sample = await sampleStore();
    await sample.store.log("hcal").append(sealing("a"));
    const { cp } = await import("node:fs/promises");
    await cp(join(sample.folder, "events/hcal"), join(sample.folder, "events/ecal"), { recursive: true });
    await expect(sample.store.list("ecal")).rejects.toThrow('it belongs to the twin "hcal".');
  });

  it.each([
    ["no evidence", [], "it makes a version validated without evidence of the kind validation."],
    ["what was never attested", [digestBytes("x")], "was not attested for that version."],
    ["evidence about another version", [digestBytes("about 2")], "was not attested for that version."],
    ["evidence that failed", [digestBytes("failed")], "says that the version failed."],
    ["evidence of another kind", [digestBytes("audit")], "without evidence of the kind validation."],
  ])("or a writer cannot enter a gated state by %s", async (_, evidence, problem) => {
    await using sample = await sampleStore();
    await logOf(sample.store, 2);
    const log = sample.store.log("ecal");
    const note = async (version: string, text: string, more: object): Promise<void> => {
      const attestation = { mediaType: "text/plain", digest: digestBytes(text), size: 1 };
      const noted = { kind: "validation", verdict: "passed", ...more } as const;
      await log.append(() => ({ type: "attested", version: digestBytes(version), attestation, ...noted }));
    };
    await note("2", "about 2", {});
    await note("1", "failed", { verdict: "failed" });
    await note("1", "audit", { kind: "audit" });
    const change = { type: "stateChanged", version: digestBytes("1"), from: "sealed", to: "validated" } as const;
    await expect(log.append(() => ({ ...change, evidence, policies: [] }))).rejects.toThrow(problem);
    const last = await readFile(fileOf(sample.folder, 5), "utf8");
    const { checksum: _checksum, ...facts } = JSON.parse(last) as Event;
    const forged = withChecksum({
      ...facts,
      sequence: 6,
      previous: digestBytes(last),
      change: { ...change, evidence, policies: [] },
    });
    await writeFile(fileOf(sample.folder, 6), canonicalJson(forged));
    await expect(sample.store.list()).rejects.toThrow(problem);
  });

  it("with what the rules do not allow is refused, though its chain is sound", async () => {
    await using sample = await sampleStore();
    await logOf(sample.store, 1);
    const text = await readFile(fileOf(sample.folder, 1), "utf8");
    const { checksum: _, ...facts } = JSON.parse(text) as Event;
    const forged = withChecksum({
      ...facts,
      sequence: 2,
      previous: digestBytes(text),
      change: {
        type: "stateChanged",
        version: digestBytes("1"),
        from: "sealed",
        to: "released",
        evidence: [],
        policies: [],
      },
    });
    await writeFile(fileOf(sample.folder, 2), canonicalJson(forged));
    await expect(sample.store.list()).rejects.toThrow("nothing sealed can become released.");
  });
});
