import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore, readVersion, restoreVersion, verifyStore } from "twinloom";
import { expect, it } from "vitest";

/** Made once, by the first Twinloom that had stores. It is never made again: later ones must open it as it is. */
const STORE = fileURLToPath(new URL("../../../fixtures/store-format-1", import.meta.url));
const DIGEST = "sha256:5ac8ab7f2a40ead35cd057a6a99e8d05c47c3f3ab2421daf388ba659b9419332";

it("A store of format 1 is read, verified, restored from and written to", async () => {
  const root = await mkdtemp(join(tmpdir(), "twinloom-format-1-"));
  try {
    const folder = join(root, "store");
    await cp(STORE, folder, { recursive: true });
    await using store = await openStore(folder);
    expect(store.writable).toBe(true);
    expect(await store.list()).toMatchObject([
      { twin: "ecal", number: 1, digest: DIGEST, state: "validated", aliases: ["champion"], actor: "ann@example.org" },
    ]);
    expect(await verifyStore(store)).toMatchObject({ sound: true });
    expect((await readVersion(store.objects, DIGEST)).config).toMatchObject({ twin: "ecal", schemaVersion: 1 });
    const { file } = await restoreVersion(store, DIGEST, join(root, "restored"));
    expect(await readFile(file, "utf8")).toContain("w-si-45");
    await store.moveAlias("ecal@champion", null, { reason: "of a later Twinloom" });
    expect((await store.resolve("ecal")).aliases).toEqual([]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
