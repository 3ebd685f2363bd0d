import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalSource, type SourceFile } from "../../../core/index.ts";

let folder = "";
let location = "";
const BYTES = 100_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-read-each-"));
  location = join(folder, "numbers.bin");
  await writeFile(
    location,
    Buffer.from({ length: BYTES } as ArrayLike<number>).map((_, i) => i % 251),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function ranges(count: number, length: number): { target: Uint8Array; position: number }[] {
  return Array.from({ length: count }, (_, i) => ({
    target: new Uint8Array(length),
    position: (i * 7919) % (BYTES - length),
  }));
}

async function readEach(file: SourceFile, wanted: { target: Uint8Array; position: number }[]): Promise<void> {
  if (file.readEachInto === undefined) throw new Error("Local files read ranges together.");
  await file.readEachInto(wanted);
}

function expectRight(wanted: { target: Uint8Array; position: number }[]): void {
  for (const { target, position } of wanted) {
    expect([...target], `at ${position}`).toEqual(Array.from(target, (_, i) => (position + i) % 251));
  }
}

describe("ranges of a local file, read together", () => {
  it("are what each of them is alone", async () => {
    await using file = await new LocalSource().open(location);
    for (const count of [0, 1, 31, 2000]) {
      const wanted = ranges(count, 5);
      await readEach(file, wanted);
      expectRight(wanted);
    }
  });

  it("beyond the end, or after closing, are errors with a code", async () => {
    const file = await new LocalSource().open(location);
    const beyond = [...ranges(3, 5), { target: new Uint8Array(5), position: BYTES - 4 }];
    await expect(readEach(file, beyond)).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
    await file.close();
    await expect(readEach(file, ranges(3, 5))).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
  });

  it("under way when the file is closed come from that file, whatever is opened meanwhile", async () => {
    for (let round = 0; round < 20; round++) {
      const file = await new LocalSource().open(location);
      const wanted = ranges(500, 5);
      const reading = readEach(file, wanted);
      const closing = file.close();
      // Would take over the number of a descriptor that was closed too early.
      const other = await new LocalSource().open(import.meta.filename);
      await reading;
      await closing;
      await other.close();
      expectRight(wanted);
    }
  });
});
