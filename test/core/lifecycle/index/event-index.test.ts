import { chmod, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { digestBytes, digestJson } from "../../../../core/index.ts";
import { EventIndex, FORM } from "../../../../core/lifecycle/index/event-index.ts";
import { loadSqlite } from "../../../../core/lifecycle/index/load-sqlite.ts";
import type { TwinState } from "../../../../core/lifecycle/log/twin-state.ts";
import { type Change, EventSchema, STATES } from "../../../../core/lifecycle/schema.ts";
import { openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { interceptedFs } from "../log/intercepted-fs.ts";
import { sampleStore } from "../log/sample-store.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const TIMEOUT_MS = IS_LONG ? 900_000 : 120_000;
const sqlite = loadSqlite();
const version = (name: number) => digestBytes(`version ${name}`);
/** What tells files apart, in tests without files. */
const SEEN = ["1", "2", "3", "4"];
const descriptor = (name: number) => ({ mediaType: "text/plain", digest: version(name), size: name });

/** Something that somebody wants to do; what cannot follow the log is left out. */
const wish: fc.Arbitrary<(state: TwinState) => Change> = fc
  .record({
    kind: fc.constantFrom<Change["type"]>("sealed", "aliasMoved", "stateChanged", "attested", "ran", "commented"),
    a: fc.nat(5),
    b: fc.nat(5),
    alias: fc.constantFrom("champion", "prod/best"),
    from: fc.constantFrom(...STATES),
    to: fc.constantFrom(...STATES),
  })
  .map(({ kind, a, b, alias, from, to }) => (state): Change => {
    switch (kind) {
      case "sealed":
        return { type: "sealed", version: descriptor(a), number: state.versions.size + 1 };
      case "aliasMoved":
        return { type: "aliasMoved", alias, from: state.aliases.get(alias) ?? null, to: b === 0 ? null : version(a) };
      case "stateChanged":
        return {
          type: "stateChanged",
          version: version(a),
          from,
          to,
          evidence: to === "validated" ? [descriptor(100 + b).digest] : [],
          policies: [],
        };
      case "attested":
        return {
          type: "attested",
          version: version(a),
          attestation: descriptor(100 + b),
          kind: "validation",
          verdict: "passed",
        };
      case "ran":
        return { type: "ran", version: version(a), run: descriptor(200 + b), id: `run-${b}` };
      default:
        return { type: "commented", version: version(a), text: "text" };
    }
  });
const wishes = fc.array(fc.tuple(fc.constantFrom("ecal", "HCal"), wish), { minLength: 1, maxLength: 25 });

async function fulfil(
  store: TwinStore,
  all: readonly (readonly [string, (state: TwinState) => Change])[],
): Promise<void> {
  for (const [twin, decide] of all) {
    await store
      .log(twin)
      .append(decide)
      .catch((error: { readonly code?: string }) => expect(error.code).toBe("TWIN_INVALID_ARGUMENT"));
  }
}

async function answers(folder: string, index: boolean): Promise<readonly TwinState[]> {
  await using store = await openStore(folder, { index });
  return await store.states();
}

type Damage = (file: string, drawn: number) => void | Promise<void>;
const DAMAGES: Readonly<Record<string, Damage>> = {
  "is as it was left": () => undefined,
  "was deleted": (file) => rm(file),
  "was truncated": async (file, drawn) => truncate(file, drawn % (await stat(file)).size),
  "is garbage": (file) => writeFile(file, "nothing that a database would hold ".repeat(200)),
  "is empty": (file) => writeFile(file, ""),
  "has a flipped byte": async (file, drawn) => {
    const bytes = await readFile(file);
    bytes[drawn % bytes.length] = (bytes[drawn % bytes.length] as number) ^ 0x01;
    await writeFile(file, bytes);
  },
  "has an older form": (file) => change(file, "PRAGMA user_version = 99"),
  "lost its table": (file) => change(file, "DROP TABLE events"),
  "lost an event": (file) => change(file, "DELETE FROM events WHERE sequence = 1"),
  "lost its last events": (file) => change(file, "DELETE FROM events WHERE sequence > 2"),
  "has another text": (file) => change(file, "UPDATE events SET text = replace(text, 'ann@lab', 'eve@lab')"),
  "has the events of another twin": (file) => change(file, "UPDATE OR REPLACE events SET twin = 'ecal'"),
  "has blobs for texts": (file) => change(file, "UPDATE events SET text = x'00ff'"),
};

function change(file: string, sql: string): void {
  if (sqlite === undefined) return;
  const database = new sqlite.DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe("Where Node has no SQLite", () => {
  it("a store is read from its files", async () => {
    await using sample = await sampleStore();
    await fulfil(sample.store, [["ecal", () => ({ type: "sealed", version: descriptor(0), number: 1 })]]);
    const { getBuiltinModule } = process;
    try {
      Reflect.set(process, "getBuiltinModule", undefined);
      expect(await answers(sample.folder, true)).toEqual(await answers(sample.folder, false));
      await expect(stat(join(sample.folder, "index.sqlite"))).rejects.toMatchObject({ code: "ENOENT" });
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  });

  it("and where it warns of it, nobody reads that", () => {
    const { emitWarning, getBuiltinModule } = process;
    const warned: unknown[] = [];
    try {
      process.emitWarning = (warning: unknown) => void warned.push(warning);
      Reflect.set(process, "getBuiltinModule", () =>
        process.emitWarning("SQLite is experimental", "ExperimentalWarning"),
      );
      loadSqlite();
      expect(warned).toEqual([]);
      process.emitWarning("something else");
      expect(warned).toEqual(["something else"]);
    } finally {
      Object.assign(process, { emitWarning, getBuiltinModule });
    }
  });
});

describe.skipIf(sqlite === undefined)("The index of a store", () => {
  it.each(Object.entries(DAMAGES))(
    "that %s answers as the files do",
    async (_, damage) => {
      await fc.assert(
        fc.asyncProperty(wishes, wishes, fc.nat(), async (before, after, drawn) => {
          await using sample = await sampleStore();
          await fulfil(sample.store, [
            ["ecal", () => ({ type: "sealed", version: descriptor(0), number: 1 })],
            ...before,
          ]);
          const folded = await answers(sample.folder, false);
          expect(await answers(sample.folder, true)).toEqual(folded);
          await damage(join(sample.folder, "index.sqlite"), drawn);
          expect(await answers(sample.folder, true)).toEqual(folded);
          // And goes on from there.
          await fulfil(sample.store, after);
          expect(await answers(sample.folder, true)).toEqual(await answers(sample.folder, false));
          expect(await answers(sample.folder, true)).toEqual(await answers(sample.folder, false));
        }),
        { seed: 5, numRuns: IS_LONG ? 100 : 2 },
      );
    },
    TIMEOUT_MS,
  );

  const five = Array.from({ length: 5 }, (_, i): readonly [string, (state: TwinState) => Change] => [
    "ecal",
    ({ versions }) => ({ type: "sealed", version: descriptor(i), number: versions.size + 1 }),
  ]);
  const event = (folder: string, sequence: number): string => join(folder, `events/ecal/0000000${sequence}.json`);
  /** In place, by as many bytes: as little as a file can change. */
  const alter = async (path: string): Promise<void> =>
    writeFile(path, (await readFile(path, "utf8")).replace("ann@lab", "eve@lab"));

  it("is what is read, and not the files one by one", async () => {
    await using sample = await sampleStore();
    await fulfil(sample.store, five);
    const folded = await answers(sample.folder, true);
    const read: string[] = [];
    const fs = interceptedFs((call, path) => {
      if (call === "readFile" && path.includes("events")) read.push(path);
    });
    await using store = await openStore(sample.folder, { index: true, fs });
    expect(await store.states()).toEqual(folded);
    // The end of the chain.
    expect(read).toEqual([event(sample.folder, 5)]);
  });

  it.each([
    ["altered", alter],
    ["missing", (path: string) => rm(path)],
    [
      "replaced",
      async (path: string) => {
        const text = await readFile(path, "utf8");
        await rm(path);
        await writeFile(path, text.replace("ann@lab", "eve@lab"));
      },
    ],
  ])("hides no event that is %s: nobody reads on, and nobody writes on", async (_, damage) => {
    await using sample = await sampleStore();
    await fulfil(sample.store, five);
    await answers(sample.folder, true);
    await damage(event(sample.folder, 3));
    await expect(answers(sample.folder, true)).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence: 3 });
    await using store = await openStore(sample.folder, { index: true });
    await expect(store.comment("ecal", "on top")).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence: 3 });
    expect(await readdir(join(sample.folder, "events/ecal"))).not.toContain("00000006.json");
  });

  it("is nothing that a writer builds on: it reads the files", async () => {
    await using sample = await sampleStore();
    await fulfil(sample.store, five);
    await answers(sample.folder, true);
    await alter(event(sample.folder, 3));
    // As if the disk had changed the bytes by itself, which shows nowhere else.
    const file = join(sample.folder, "index.sqlite");
    const index = new EventIndex(file);
    const seen = (await index.look("ecal"))[2];
    index.close();
    change(file, `UPDATE events SET file = '${seen}' WHERE sequence = 3`);
    await using store = await openStore(sample.folder, { index: true });
    expect(await store.list()).toHaveLength(5);
    await expect(store.comment("ecal", "on top")).rejects.toMatchObject({ code: "TWIN_LOG_BROKEN", sequence: 3 });
  });

  it("that another process has locked fails nothing, and is left in place", async () => {
    await using sample = await sampleStore();
    await fulfil(sample.store, [["ecal", () => ({ type: "sealed", version: descriptor(0), number: 1 })]]);
    await answers(sample.folder, true);
    await fulfil(sample.store, [["HCal", () => ({ type: "sealed", version: descriptor(0), number: 1 })]]);
    const file = join(sample.folder, "index.sqlite");
    const holder = new (sqlite as NonNullable<typeof sqlite>).DatabaseSync(file);
    holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    expect(await answers(sample.folder, true)).toEqual(await answers(sample.folder, false));
    holder.exec("ROLLBACK");
    expect(holder.prepare("SELECT count(*) AS n FROM events").get()).toMatchObject({ n: 1 });
    holder.close();
  });

  it("fails nothing where it cannot be made", async () => {
    await using sample = await sampleStore();
    await fulfil(sample.store, [["ecal", () => ({ type: "sealed", version: descriptor(0), number: 1 })]]);
    await mkdir(join(sample.folder, "index.sqlite"));
    expect(await answers(sample.folder, true)).toEqual(await answers(sample.folder, false));
    const file = join(sample.folder, "events.sqlite");
    await writeFile(file, "");
    await chmod(file, 0o000);
    const index = new EventIndex(join(sample.folder, "no", "such", "folder.sqlite"));
    expect(index.load("ecal", SEEN)).toEqual([]);
    expect(index.save("ecal", 1, ["text"], SEEN)).toBeUndefined();
  });

  it("does without a write-ahead log on a network file system, never waits less for the disk, and says so once", async () => {
    await using sample = await sampleStore();
    const file = join(sample.folder, "index.sqlite");
    const pragma = (name: string): unknown => {
      const database = new (sqlite as NonNullable<typeof sqlite>).DatabaseSync(file);
      const value = Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
      database.close();
      return value;
    };
    const told: string[] = [];
    const network = { network: "nfs4", onNetwork: (fileSystem: string) => void told.push(fileSystem) };
    const local = new EventIndex(file);
    local.save("ecal", 1, ["local"], SEEN);
    local.close();
    expect(pragma("journal_mode")).toBe("wal");
    // As when the store was copied there.
    for (const texts of [[], ["a"], ["a", "b"]]) {
      const index = new EventIndex(file, network);
      expect(index.load("ecal", SEEN)).toEqual(texts);
      index.save("ecal", texts.length + 1, [["a", "b", "c"][texts.length] as string], SEEN);
      index.close();
      expect(pragma("journal_mode")).toBe("delete");
    }
    expect(told).toEqual(["nfs4"]);
  });

  it("has another form when events may say something else", () => {
    // Copies are not checked against the schema again. Whoever changes it raises FORM, and then writes both here.
    const schema = z.toJSONSchema(EventSchema, { unrepresentable: "any" });
    expect([FORM, digestJson(schema).slice(0, 19)]).toMatchInlineSnapshot(`
      [
        2,
        "sha256:45bf00cd6980",
      ]
    `);
  });

  it("keeps only what follows what it has", async () => {
    await using sample = await sampleStore();
    const index = new EventIndex(join(sample.folder, "index.sqlite"));
    index.save("ecal", 1, ["a", "b"], SEEN);
    index.save("ecal", 4, ["d"], SEEN);
    expect(index.load("ecal", SEEN)).toEqual(["a", "b"]);
    index.save("ecal", 3, ["c"], SEEN);
    index.save("HCal", 1, ["x"], SEEN);
    expect(index.load("ecal", SEEN)).toEqual(["a", "b", "c"]);
    index.save("ecal", 1, ["z"], SEEN);
    expect([index.load("ecal", SEEN), index.load("HCal", SEEN), index.load("other", SEEN)]).toEqual([["z"], ["x"], []]);
    index.close();
    expect(index.load("ecal", SEEN)).toEqual([]);
  });
});
