import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTwin, findVariable, type NdArray } from "../../../core/index.ts";
import { http } from "../../../modules/http/index.ts";
import { zarr } from "../../../modules/zarr/index.ts";
import { type HttpServer, startHttpServer } from "../../servers/http-server.ts";
import { FIXTURES } from "./shared.ts";

/** Nine by four values in chunks of four by three: 0, 0.25, 0.5, …. */
const STORE = "conformance-v3.zarr";
const CHUNK = `/${STORE}/temperature/c/1/0`;

let server: HttpServer;
let folder: string;
/** How the server answers for {@link CHUNK}; as for any other file by default. */
let status: number | undefined;

beforeEach(async () => {
  status = undefined;
  folder = await mkdtemp(join(tmpdir(), "twinloom-zarr-"));
  const root = join(FIXTURES, STORE);
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name));
  const files = paths
    .filter((path) => statSync(path).isFile())
    .map((path) => [`/${relative(FIXTURES, path).split(sep).join("/")}`, readFileSync(path)] as const);
  server = await startHttpServer({
    files: Object.fromEntries(files),
    answers: ({ url }) =>
      status !== undefined && url === CHUNK ? { status, type: "text/plain", body: "no" } : undefined,
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function temperature(): Promise<NdArray> {
  const archive = http({
    prefix: `${server.origin}/`,
    cache: { folder: join(folder, "cache") },
    retry: { attempts: 2, budgetMs: 2000 },
  });
  await using twin = await createTwin({ plugins: { stores: zarr(), archive } });
  await using store = await twin.stores.open(`${server.origin}/${STORE}`);
  return await findVariable(store, "temperature").read();
}

const whole = Float64Array.from({ length: 36 }, (_, i) => i * 0.25);

it("is read from a server", async () => {
  expect((await temperature()).values()).toEqual(whole);
});

it("has fill values where the server has no chunk, and only there", async () => {
  server.remove(CHUNK);
  const isThere = (i: number): boolean => i < 16 || i >= 32 || i % 4 === 3;
  expect((await temperature()).values()).toEqual(whole.map((value, i) => (isThere(i) ? value : Number.NaN)));
});

it.for([500, 503, 403, 401, 429])("fails where the server says %i for one chunk", async (answer) => {
  status = answer;
  await expect(temperature()).rejects.toMatchObject({ code: expect.stringMatching(/^TWIN_/) });
});

it("fails where the server goes away", async () => {
  // The metadata come, and then nothing more.
  const fault = { kind: "drop" } as const;
  server.next(undefined, undefined, ...Array(200).fill(fault));
  await expect(temperature()).rejects.toMatchObject({ code: expect.stringMatching(/^TWIN_/) });
});
