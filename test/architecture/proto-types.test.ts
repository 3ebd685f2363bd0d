import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeProtoTypes } from "../../scripts/proto-types.ts";
import { REPOSITORY } from "./repository.ts";

/** Text of each file below a folder, by its path there. */
async function texts(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path.slice(folder.length), await readFile(path, "utf8")])),
  );
}

it("protos/gen is what scripts/make-proto-types.ts makes of the protos", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-protos-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await makeProtoTypes(folder);
  expect(await texts(folder)).toEqual(await texts(join(REPOSITORY, "protos/gen")));
});
