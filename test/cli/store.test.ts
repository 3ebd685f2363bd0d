import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  loadSpec,
  openStore,
  packStore,
  type StoreFindings,
  sealVersion,
  type VersionEntry,
} from "../../core/index.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

/** Each process is quick, and there are some; not where the machine does much else. */
const SLOW = { timeout: 300_000 };

let folder: string;
let sealed: VersionEntry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-store-"));
  await writeFile(join(folder, "twin.yaml"), "twin: tables\nplugins:\n  tables: { use: twinloom/modules/csv }\n");
  await using store = await openStore(join(folder, ".twinloom"), { create: true });
  sealed = (await sealVersion(store, await loadSpec(join(folder, "twin.yaml")))).entry;
}, SLOW.timeout);
afterAll(() => rm(folder, { recursive: true }));

function store(...args: readonly string[]): Promise<Outcome> {
  return runTwinloom(["store", ...args], { cwd: folder });
}

describe("twinloom store", SLOW, () => {
  it("packs versions, and unpacks them elsewhere", async () => {
    const packed = await store("pack", "tables@v1", "--out", "tables.tar");
    expect(packed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^packed: tables@v1; \d+ objects, \d+ bytes/),
    });
    const again = await store("pack", "--out", "tables.tar", "--json");
    expect(JSON.parse(again.stdout).error).toMatchObject({ code: "TWIN_FILE_EXISTS" });
    const unpacked = await store("unpack", "tables.tar", "--store", "copy", "--json");
    expect(JSON.parse(unpacked.stdout)).toMatchObject({ versions: ["tables@v1"], events: 1 });
    const list = await runTwinloom(["twin", "list", "--store", "copy", "--json"], { cwd: folder });
    expect(JSON.parse(list.stdout)).toMatchObject([{ digest: sealed.digest, number: 1, isHere: true }]);
  });

  it("marks versions that were left where the store was packed", async () => {
    await using two = await openStore(join(folder, "two"), { create: true });
    const spec = await loadSpec(join(folder, "twin.yaml"));
    await sealVersion(two, spec);
    await sealVersion(two, { ...spec, tolerances: { outputs: {} } });
    await packStore(two, { file: join(folder, "second.tar"), versions: ["tables@v2"] });
    await store("unpack", "second.tar", "--store", "half");
    const list = await runTwinloom(["twin", "list", "--store", "half"], { cwd: folder });
    expect(list.stdout).toMatch(/^tables@v1 +sealed, not here /m);
    expect(list.stdout).toMatch(/^tables@v2 +sealed {2}/m);
  });

  it("verifies, and says by exit code, object and repair what is damaged", async () => {
    const sound = await store("verify");
    expect(sound).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound: 1 versions, 1 events, /) });
    const object = join(folder, ".twinloom/blobs/sha256", sealed.digest.slice(7));
    const bytes = await readFile(object);
    await rm(object);
    await writeFile(object, Buffer.concat([bytes, Buffer.from(" ")]));
    const damaged = await store("verify", "--json");
    expect(damaged.code).toBe(1);
    const { error } = JSON.parse(damaged.stdout) as { error: { code: string; findings: StoreFindings } };
    expect(error.code).toBe("TWIN_STORE_DAMAGED");
    expect(error.findings.problems).toMatchObject([
      {
        kind: "corrupt",
        digest: sealed.digest,
        versions: ["tables@v1"],
        repair: expect.stringContaining("store pack"),
      },
    ]);
    expect(await readdir(join(folder, ".twinloom/quarantine/sha256"))).toHaveLength(1);
    const told = await store("verify");
    expect(told.stdout).toContain("Needed by tables@v1.");
    expect(told.stderr).toContain("TWIN_STORE_DAMAGED");
    const repaired = await store("unpack", "tables.tar");
    expect(repaired.code).toBe(0);
    expect((await store("verify")).code).toBe(0);
  });

  it("tells what it would remove, and removes it", async () => {
    await using opened = await openStore(join(folder, ".twinloom"));
    const { digest } = await opened.objects.put("nobody needs this");
    const young = await store("gc", "--json");
    expect(JSON.parse(young.stdout)).toMatchObject({ dryRun: false, objects: [], kept: 1 });
    const dry = await store("gc", "--dry-run", "--grace-hours", "0");
    expect(dry.stdout).toMatch(/would remove: 1 objects, 0 temporary files and 0 restored versions, 17 bytes/);
    expect(await opened.objects.find(digest)).toBeDefined();
    await store("gc", "--grace-hours", "0");
    expect(await opened.objects.find(digest)).toBeUndefined();
  });
});
