import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceSample, testSource } from "twinloom/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTwin, env, readBytes, type Source } from "../../../core/index.ts";
import { s3 } from "../../../modules/s3/index.ts";
import type { HttpServer } from "../../servers/http-server.ts";
import { startStrictS3 } from "../../servers/strict-s3.ts";

const keys = { accessKeyId: "AKTEST", secretAccessKey: "a/secret+key" };
const files = Object.fromEntries(Object.entries(sourceSample()).map(([name, bytes]) => [`/climate/d/${name}`, bytes]));
const large = sourceSample()["tas_1.nc"] ?? new Uint8Array();
let folder: string;

beforeAll(async () => {
  process.env["TWINLOOM_TEST_S3_ID"] = keys.accessKeyId;
  process.env["TWINLOOM_TEST_S3_KEY"] = keys.secretAccessKey;
  folder = await mkdtemp(join(tmpdir(), "twinloom-s3-"));
});
afterAll(async () => {
  delete process.env["TWINLOOM_TEST_S3_ID"];
  delete process.env["TWINLOOM_TEST_S3_KEY"];
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function sourceFor(server: HttpServer, options: Partial<Parameters<typeof s3>[0]> = {}): Promise<Source> {
  const credentials = { accessKeyId: env("TWINLOOM_TEST_S3_ID"), secretAccessKey: env("TWINLOOM_TEST_S3_KEY") };
  const policy = { cache: { folder, maxBytes: 0, blockBytes: 65_536 }, retry: { attempts: 4, budgetMs: 10_000 } };
  const twin = await createTwin({
    plugins: { store: s3({ endpoint: server.origin, ...credentials, ...policy, ...options }) },
  });
  return twin.store;
}

testSource(async () => {
  const server = await startStrictS3({ files, ...keys });
  return { source: await sourceFor(server), folder: "s3://climate/d/", dispose: () => server.close() };
});

describe("an S3 service", () => {
  let server: HttpServer;
  beforeEach(async () => {
    server = await startStrictS3({ files, ...keys });
  });
  afterEach(() => server.close());

  it("that drops, is slow, or cuts is asked again, signed anew", async () => {
    const source = await sourceFor(server);
    await using file = await source.open("s3://climate/d/tas_1.nc");
    server.next(
      { kind: "status", status: 503 },
      { kind: "drop", afterBytes: 10_000 },
      { kind: "truncate", afterBytes: 5 },
    );
    expect(await readBytes(file, 100_000, 400_000)).toEqual(large.slice(100_000, 500_000));
  });

  it("is asked in pages, for no more than the pattern's beginning", async () => {
    const source = await sourceFor(server);
    for await (const _ of source.list("s3://climate/d/later/tas_*.nc")) expect(_.bytes).toBe(20);
    const prefixes = server.requests.map(({ path }) => new URL(path, server.origin).searchParams.get("prefix"));
    expect(new Set(prefixes)).toEqual(new Set(["d/later/tas_"]));
    const before = server.requests.length;
    let count = 0;
    for await (const _ of source.list("s3://climate/d/")) count++;
    expect(count).toBe(5);
    expect(server.requests.length - before).toBe(3);
  });

  it("with another clock says so", async () => {
    await using early = await startStrictS3({ files, ...keys, skewMs: 3_600_000 });
    const source = await sourceFor(early);
    await expect(source.open("s3://climate/d/tas_1.nc")).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("set the clock"),
    });
  });

  it("that redirects is not followed: the target was not signed for", async () => {
    const source = await sourceFor(server);
    server.next({ kind: "redirect", to: "http://169.254.169.254/", status: 301 });
    await expect(source.open("s3://climate/d/tas_1.nc")).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(server.requests).toHaveLength(1);
  });

  it("without credentials is asked without", async () => {
    const source = await sourceFor(server, { anonymous: true, accessKeyId: undefined, secretAccessKey: undefined });
    await expect(source.open("s3://climate/d/tas_1.nc")).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.for(["s3://climate", "s3://climate/d/", "s3://climate/../x", "s3://a@evil.org/x", "s3:///x", "s3://other/x"])(
    "is not asked for %s",
    async (location) => {
      const source = await sourceFor(server, { bucket: "climate" });
      await expect(source.open(location)).rejects.toMatchObject({
        code: expect.stringMatching(/LOCATION_REFUSED|FILE_NOT_FOUND/),
      });
      expect(server.requests).toEqual([]);
    },
  );
});

it("options without sense are refused when the twin is composed", async () => {
  const key = env("TWINLOOM_TEST_S3_ID");
  for (const options of [
    {},
    { accessKeyId: key },
    { anonymous: true, accessKeyId: key, secretAccessKey: key },
    { anonymous: true, endpoint: "https://host/path" },
  ]) {
    await expect(createTwin({ plugins: { store: s3(options) } })).rejects.toMatchObject({
      code: "TWIN_INVALID_COMPOSITION",
    });
  }
});
