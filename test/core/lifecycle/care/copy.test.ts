import { join } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { verifyStore } from "../../../../core/lifecycle/index.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";
import { seal } from "../log/sample-store.ts";
import { MemoryFs } from "../objects/memory-fs.ts";
import { errorsOf } from "./files-of-store.ts";

/** Copies what is in a folder now, less some names. */
async function copyFolder(disk: MemoryFs, from: string, to: string, without: readonly string[] = []): Promise<void> {
  await disk.makeFolder(to).catch(() => undefined);
  for (const { name, kind } of await disk.list(from)) {
    if (without.includes(name)) continue;
    const [source, target] = [join(from, name), join(to, name)];
    if (kind === "folder") await copyFolder(disk, source, target);
    else await (await disk.create(target)).write(await disk.readFile(source));
  }
}

/** Seals, copies one part of the store at a call of that, and the rest afterwards. What is wrong with the copy? */
async function copiedAt(call: number, first: string): Promise<readonly string[] | undefined> {
  const disk = new MemoryFs();
  await seal(await openStore("/store", { fs: disk, create: true, index: false }), "one");
  await disk.makeFolder("/copy");
  let count = 0;
  let wasHeld = false;
  const watched = disk.watched(async () => {
    if (count++ !== call) return;
    wasHeld = true;
    await copyFolder(disk, `/store/${first}`, `/copy/${first}`);
  });
  await seal(await openStore("/store", { fs: watched, index: false }), "two");
  if (!wasHeld) return undefined;
  await copyFolder(disk, "/store", "/copy", [first, "pins"]);
  return errorsOf(await verifyStore(await openStore("/copy", { fs: disk, index: false })));
}

describe("A copy of a store that is written to", () => {
  it("is sound if its events are copied first, whatever the writer does meanwhile, and not if its objects are", async () => {
    let unsound = 0;
    let calls = 0;
    for (; ; calls++) {
      const errors = await copiedAt(calls, "events");
      if (errors === undefined) break;
      expect(errors, `events copied at call ${calls}`).toEqual([]);
      if ((await copiedAt(calls, "blobs"))?.length !== 0) unsound++;
    }
    expect(calls).toBeGreaterThan(20);
    expect(unsound).toBeGreaterThan(0);
  });
});
