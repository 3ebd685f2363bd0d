import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  AccessLog,
  Connector,
  createTwin,
  datasetParts,
  env,
  type FederateOptions,
  federate,
  findVariable,
  many,
  resolveNeeds,
  Source,
} from "../../core/index.ts";
import { http } from "../../modules/http/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { s3 } from "../../modules/s3/index.ts";
import { type HttpServer, startHttpServer } from "../servers/http-server.ts";
import { startStrictS3 } from "../servers/strict-s3.ts";
import { classicFile } from "./classic-file.ts";

const SECRETS = {
  NORTH_TOKEN: "north-secret",
  SOUTH_PASSWORD: "south-secret",
  BUCKET_KEY: "AKIAEXAMPLE",
  BUCKET_SECRET: "bucket-secret",
};
const DAYS = 3000;

/** A part of a long series, so that its values do not come with its header. */
function series(start: number, unit: "K" | "degC"): Uint8Array<ArrayBuffer> {
  const times = Array.from({ length: DAYS }, (_, i) => start + i);
  return classicFile({
    time: { unit: "days since 2000-01-01", values: times },
    tas: { unit, values: times.map((time) => time - (unit === "degC" ? 273.15 : 0)) },
  });
}

let folder = "";
let north: HttpServer;
let south: HttpServer;
let bucket: HttpServer;
beforeAll(() => Object.assign(process.env, SECRETS));
afterAll(() => {
  for (const name of Object.keys(SECRETS)) delete process.env[name];
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-institutes-"));
  const basic = `Basic ${Buffer.from(`guest:${SECRETS.SOUTH_PASSWORD}`).toString("base64")}`;
  north = await startHttpServer({
    files: { "/tas_0.nc": series(0, "K") },
    authorization: `Bearer ${SECRETS.NORTH_TOKEN}`,
  });
  south = await startHttpServer({ files: { "/tas_1.nc": series(DAYS, "degC") }, authorization: basic });
  bucket = await startStrictS3({
    files: { "/climate/tas_2.nc": series(2 * DAYS, "K") },
    accessKeyId: SECRETS.BUCKET_KEY,
    secretAccessKey: SECRETS.BUCKET_SECRET,
  });
  await writeFile(join(folder, "tas_3.nc"), series(3 * DAYS, "K"));
});
afterEach(async () => {
  for (const server of [north, south, bucket]) await server.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function institutes() {
  // Nothing is kept between reads, so that each asks its server.
  const policy = {
    retry: { attempts: 2, budgetMs: 2000 },
    cache: { folder: join(folder, "cache"), maxBytes: 0, memoryBytes: 0, blockBytes: 4096 },
  };
  const twin = await createTwin({
    name: "institutes",
    plugins: {
      files: netcdf(),
      north: http({ prefix: `${north.origin}/`, bearer: env("NORTH_TOKEN"), ...policy }),
      south: http({ prefix: `${south.origin}/`, username: "guest", password: env("SOUTH_PASSWORD"), ...policy }),
      bucket: s3({
        endpoint: bucket.origin,
        bucket: "climate",
        accessKeyId: env("BUCKET_KEY"),
        secretAccessKey: env("BUCKET_SECRET"),
        ...policy,
      }),
    },
  });
  const { connectors, sources } = resolveNeeds(twin, { connectors: many(Connector), sources: many(Source) });
  const places = [
    `${north.origin}/tas_0.nc`,
    `${south.origin}/tas_1.nc`,
    "s3://climate/tas_*.nc",
    join(folder, "*.nc"),
  ];
  const open = async (options: Partial<FederateOptions> = {}) =>
    await federate({
      along: "time",
      parts: await datasetParts(places, connectors, { sources }),
      maxOpen: 1,
      ...options,
    });
  return { open, [Symbol.asyncDispose]: () => twin.stop() };
}

describe("two institutes, a bucket and a folder as one dataset", () => {
  it("reads across all of them, each with its own credentials, and takes down what was read where", async () => {
    await using twin = await institutes();
    await using all = await twin.open();
    const log = new AccessLog();
    const values = (await findVariable(log.watch(all), "tas").read()).toFloat64();
    expect(values).toHaveLength(4 * DAYS);
    expect(values.every((value, i) => Math.abs(value - i) < 1e-9)).toBe(true);
    const { sources } = log.record();
    const places = [`${north.origin}/tas_0.nc`, `${south.origin}/tas_1.nc`, "s3://climate/tas_2.nc"];
    expect(new Set(sources.map(({ location }) => location))).toEqual(new Set([...places, join(folder, "tas_3.nc")]));
    for (const { version, reads } of sources) {
      expect(version).toEqual(expect.any(String));
      expect(reads.map(({ variable }) => variable)).toEqual(["/tas", "/time"]);
    }
    // No secret of one institute went to the other.
    expect(JSON.stringify(south.requests)).not.toContain(SECRETS.NORTH_TOKEN);
    expect(JSON.stringify(north.requests)).not.toContain(SECRETS.SOUTH_PASSWORD);
  });

  it("goes on without the one that went away, names it, and has it again when it is back", async () => {
    await using twin = await institutes();
    await using all = await twin.open();
    const tas = all.variables["tas"];
    south.always({ kind: "drop" });
    const error = await tas?.read().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "TWIN_PART_UNAVAILABLE",
      part: "tas_1.nc",
      cause: { code: "TWIN_SOURCE_UNAVAILABLE" },
    });
    expect(all.parts.map(({ state }) => state)).toEqual(["available", "unavailable", "available", "available"]);
    expect((await tas?.read({ time: { start: 0, stop: DAYS } }))?.size).toBe(DAYS);
    expect((await tas?.read({ time: { start: 2 * DAYS, step: 100 } }))?.at(0)).toBe(2 * DAYS);
    south.always(undefined);
    expect((await tas?.read({ time: DAYS + 5 }))?.at()).toBeCloseTo(DAYS + 5, 9);
  });

  it("opens although one is down from the start, and fails what may need it", async () => {
    await using twin = await institutes();
    south.always({ kind: "status", status: 503 });
    await using all = await twin.open();
    expect(all.parts[1]).toMatchObject({ state: "unavailable", error: { code: "TWIN_SOURCE_UNAVAILABLE" } });
    const tas = all.variables["tas"];
    expect((await tas?.read({ time: { from: 10, to: 20 } }))?.toFloat64()).toEqual(
      Float64Array.from({ length: 11 }, (_, i) => 10 + i),
    );
    await expect(tas?.read()).rejects.toMatchObject({ code: "TWIN_PART_UNAVAILABLE", part: "tas_1.nc" });
    await using without = await twin.open({ unavailable: "omit" });
    expect((await without.variables["tas"]?.read())?.size).toBe(3 * DAYS);
  });

  it("tells wrong credentials of one institute as its part's state", async () => {
    process.env["NORTH_TOKEN"] = "wrong";
    try {
      await using twin = await institutes();
      await using all = await twin.open();
      expect(all.parts[0]?.state).toBe("unavailable");
      expect(all.parts[0]?.error?.message).not.toContain("wrong");
      expect(all.parts.slice(1).every(({ state }) => state === "available")).toBe(true);
    } finally {
      process.env["NORTH_TOKEN"] = SECRETS.NORTH_TOKEN;
    }
  });

  it("refuses a file that was replaced meanwhile", async () => {
    await using twin = await institutes();
    await using all = await twin.open();
    north.put("/tas_0.nc", series(0, "degC"));
    await expect(all.variables["tas"]?.read({ time: 0 })).rejects.toMatchObject({
      code: "TWIN_PART_CHANGED",
      part: "tas_0.nc",
    });
  });
});
