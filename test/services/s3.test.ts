import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceSample, testSource } from "twinloom/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, env, openSource, readBytes, type Source, type SourceEntry } from "../../core/index.ts";
import { s3 } from "../../modules/s3/index.ts";
import { type S3Program, type S3Server, s3Missing, startS3Server } from "../servers/s3-server.ts";

const VARIABLE = "TWINLOOM_TEST_S3";

/** The source of a twin, for a server, with its credentials in the environment. */
async function sourceFor(
  server: S3Server,
  folder: string,
  options: Partial<Parameters<typeof s3>[0]> = {},
): Promise<Source> {
  const name = `${VARIABLE}_${server.endpoint.replace(/\D/g, "")}`;
  process.env[`${name}_ID`] = server.accessKeyId;
  process.env[`${name}_KEY`] = server.secretAccessKey;
  const keys = { accessKeyId: env(`${name}_ID`), secretAccessKey: env(`${name}_KEY`) };
  const cache = { folder, blockBytes: 65_536 };
  const twin = await createTwin({
    plugins: {
      store: s3({ endpoint: server.endpoint, ...keys, cache, retry: { attempts: 2, budgetMs: 2000 }, ...options }),
    },
  });
  return twin.store;
}

async function locations(entries: AsyncIterable<SourceEntry>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { location } of entries) found.push(location);
  return found;
}

for (const program of ["moto", "versitygw"] as const satisfies readonly S3Program[]) {
  const missing = s3Missing(program);
  describe.skipIf(missing !== undefined)(`${program}${missing === undefined ? "" : ` (${missing})`}`, () => {
    let server: S3Server;
    let folder: string;

    beforeAll(async () => {
      server = await startS3Server(program);
      folder = await mkdtemp(join(tmpdir(), "twinloom-s3-"));
      await server.makeBucket("climate");
      for (const [name, bytes] of Object.entries(sourceSample())) await server.put("climate", `data/${name}`, bytes);
    }, 60_000);
    afterAll(async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    });

    testSource(async () => ({ source: await sourceFor(server, folder), folder: "s3://climate/data/" }));

    it("lists more keys than a page holds, and any names", async () => {
      await server.makeBucket("many");
      const names = Array.from({ length: 1205 }, (_, i) => `t_${String(i).padStart(4, "0")}.nc`);
      for (let at = 0; at < names.length; at += 50) {
        await Promise.all(names.slice(at, at + 50).map((name) => server.put("many", `a/${name}`, Uint8Array.of(1))));
      }
      const odd = ["1e3", "ü & <b>.nc", "100%.nc", "a+b c.nc", "'q'(1)!.nc"];
      for (const name of odd) await server.put("many", `odd/${name}`, Uint8Array.of(1, 2, 3));
      const source = await sourceFor(server, folder, { bucket: "many" });
      expect(await locations(source.list("s3://many/a/t_*.nc"))).toEqual(names.map((name) => `s3://many/a/${name}`));
      expect(await locations(source.list("s3://many/**/t_12*.nc"))).toEqual(
        names.slice(1200).map((name) => `s3://many/a/${name}`),
      );
      const found = await locations(source.list("s3://many/odd/"));
      expect(new Set(found)).toEqual(new Set(odd.map((name) => `s3://many/odd/${name}`)));
      for (const location of found) {
        await using file = await source.open(location);
        expect(await readBytes(file, 0, 3), location).toEqual(Uint8Array.of(1, 2, 3));
      }
    });

    it("refuses wrong credentials, by name, and never shows them", async () => {
      process.env[`${VARIABLE}_WRONG`] = "wrong-secret";
      const source = await sourceFor(server, folder, { secretAccessKey: env(`${VARIABLE}_WRONG`) });
      const opening = source.open("s3://climate/data/tas_1.nc");
      await expect(opening).rejects.toMatchObject({
        code: "TWIN_FILE_UNREADABLE",
        message: expect.stringMatching(/SignatureDoesNotMatch: check `secretAccessKey`/),
      });
      await expect(opening).rejects.not.toThrow(/wrong-secret/);
      const unknown = await sourceFor(server, folder, { accessKeyId: env(`${VARIABLE}_WRONG`) });
      await expect(unknown.open("s3://climate/data/tas_1.nc")).rejects.toMatchObject({
        code: "TWIN_FILE_UNREADABLE",
        message: expect.stringMatching(/InvalidAccessKeyId|No user exists/),
      });
    });

    it("says that a bucket is not there", async () => {
      const source = await sourceFor(server, folder);
      await expect(source.open("s3://nowhere/a.nc")).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
      await expect(locations(source.list("s3://nowhere/"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    });

    it("beside another server with other credentials: each is asked with its own, and one that is down is alone in it", async () => {
      const other = await startS3Server(program);
      await other.makeBucket("detector");
      await other.put("detector", "run.root", Uint8Array.of(9, 8, 7));
      const sources = [
        await sourceFor(server, folder, { bucket: "climate" }),
        await sourceFor(other, folder, { bucket: "detector" }),
      ];
      await using here = await openSource("s3://climate/data/tas_2.nc", sources);
      await using there = await openSource("s3://detector/run.root", sources);
      expect(here.bytes).toBe(5000);
      expect(await readBytes(there, 0, 3)).toEqual(Uint8Array.of(9, 8, 7));
      await expect(openSource("s3://third/a.nc", sources)).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
      await other.close();
      await expect(openSource("s3://detector/run.root", sources)).rejects.toMatchObject({
        code: "TWIN_SOURCE_UNAVAILABLE",
      });
      expect((await readBytes(here, 0, 5000)).length).toBe(5000);
    });
  });
}
