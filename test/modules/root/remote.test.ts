import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { contentDigest, createTwin, type Dataset, walk } from "../../../core/index.ts";
import { http } from "../../../modules/http/index.ts";
import { root } from "../../../modules/root/index.ts";
import { type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { FIXTURES } from "./shared.ts";

const NAME = "types-zlib.root";
const bytes = readFileSync(join(FIXTURES, NAME));
let folder: string;
let server: HttpServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-root-"));
  server = await startHttpServer({ files: { [`/${NAME}`]: bytes } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const twinOf = (cache: string) =>
  createTwin({
    plugins: {
      files: root({ cacheBytes: 0 }),
      archive: http({
        prefix: `${server.origin}/`,
        // Less than the file has.
        cache: { folder: join(folder, cache), maxBytes: 32_768, blockBytes: 4096 },
        retry: { attempts: 3, budgetMs: 2000 },
      }),
    },
  });

/** Of all variables, read at once. */
async function digests(file: Dataset): Promise<readonly string[]> {
  return await Promise.all(
    [...walk(file)].map(async (variable) => {
      const only = { name: "", dims: {}, variables: { it: variable }, coordinates: [], attributes: {}, groups: {} };
      return `${variable.path} ${await contentDigest(only)}`;
    }),
  );
}

it("is read from a server that breaks off, through a cache that is smaller than the file", async () => {
  await using twin = await twinOf("small");
  await using local = await twin.files.open(join(FIXTURES, NAME));
  const expected = await digests(local);
  expect(expected.length).toBeGreaterThan(60);
  server.next(undefined, { kind: "drop", afterBytes: 100 }, undefined, { kind: "status", status: 503 });
  await using remote = await twin.files.open(`${server.origin}/${NAME}`);
  expect(await digests(remote)).toEqual(expected);
});

it("is an error where the file is another meanwhile", async () => {
  await using twin = await twinOf("changed");
  await using remote = await twin.files.open(`${server.origin}/${NAME}`);
  server.put(`/${NAME}`, bytes);
  await expect(digests(remote)).rejects.toMatchObject({ code: expect.stringMatching(/^TWIN_/) });
});
