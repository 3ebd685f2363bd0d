import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { createTwin, findVariable, openDataset, type Source } from "../../../core/index.ts";
import { hdf5 } from "../../../modules/hdf5/index.ts";
import { http } from "../../../modules/http/index.ts";
import { type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { FIXTURES } from "./shared.ts";

const bytes = readFileSync(join(FIXTURES, "storage.h5"));
let folder: string;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-hdf5-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  server = await startHttpServer({ files: { "/storage.h5": bytes } });
  url = `${server.origin}/storage.h5`;
});
afterEach(() => server.close());

const twinOf = () =>
  createTwin({
    plugins: {
      files: hdf5(),
      archive: http({
        prefix: `${server.origin}/`,
        cache: { folder: join(folder, "cache") },
        retry: { attempts: 3, budgetMs: 2000 },
      }),
    },
  });

it("is read from a server that breaks off and says 503 on the way, downloaded once", async () => {
  server.next(undefined, { kind: "drop", afterBytes: 9000 }, { kind: "status", status: 503 });
  await using twin = await twinOf();
  await using file = await twin.files.open(url);
  expect(file.location).toBe(url);
  expect((await findVariable(file, "gzip").read({ dim_0: 11, dim_1: 9, dim_2: 5 })).at()).toBe(719);
  expect((await findVariable(file, "szip").read({ dim_0: 11, dim_1: 9, dim_2: 5 })).at()).toBe(719);
  const { length } = server.requests;
  await using again = await twin.files.open(url);
  expect(again.version).toBe(file.version);
  await findVariable(again, "contiguous").read();
  // At most one, to ask whether it has changed.
  expect(server.requests.length - length).toBeLessThanOrEqual(1);
});

it("is recognised by the bytes that the server has", async () => {
  await using twin = await twinOf();
  const sources: Source[] = [twin.archive];
  await using file = await openDataset(url, [twin.files], { sources });
  expect(file.format).toBe("hdf5");
});

it("is one coded error where the server is away, or lies about the length", async () => {
  await using twin = await twinOf();
  server.always({ kind: "status", status: 503 });
  await expect(twin.files.open(url)).rejects.toMatchObject({ code: "TWIN_SOURCE_UNAVAILABLE", location: url });
  server.always({ kind: "truncate", afterBytes: 4000 });
  const failure = await twin.files.open(url).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: expect.stringMatching(/^TWIN_(READ_FAILED|SOURCE_UNAVAILABLE)$/),
    location: url,
  });
});
