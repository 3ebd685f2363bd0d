import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestBytes, packStore, readVersion, type TwinStore } from "../../core/index.ts";
import { sampleVersion } from "../core/lifecycle/reproduce/sample-version.ts";

const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
const skopeo = (...args: readonly string[]): Promise<{ readonly stdout: string }> =>
  promisify(execFile)("skopeo", ["--insecure-policy", ...args]);
const isThere = await skopeo("--version").then(
  () => true,
  () => false,
);

describe.skipIf(!isThere && !isRequired)("a store is an OCI image layout (needs skopeo)", () => {
  let folder = "";
  let store: TwinStore;
  let digest = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-registry-tools-"));
    const sample = await sampleVersion(folder);
    ({ store } = sample);
    ({ digest } = await store.resolve(sample.name));
    await packStore(store, { versions: [sample.name], file: join(folder, "ecal.tar") });
    // What other tools read is written when a writer closes.
    await store.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.for([
    ["oci", "store"],
    ["oci-archive", "ecal.tar"],
  ] as const)("skopeo copies a version (%s), with its digest and every byte", async ([transport, name]) => {
    const source = `${transport}:${join(folder, name)}:ecal-v1`;
    const { stdout } = await skopeo("inspect", "--raw", source);
    expect(digestBytes(stdout)).toBe(digest);
    const out = join(folder, `copied-from-${transport}`);
    await skopeo("copy", source, `oci:${out}:v1`);
    const blobs = await readdir(join(out, "blobs/sha256"));
    const { config } = await readVersion(store.objects, digest as `sha256:${string}`);
    const wanted = [digest, config.spec.digest, ...config.data.map(({ descriptor }) => descriptor.digest)];
    expect(blobs.map((blob) => `sha256:${blob}`)).toEqual(expect.arrayContaining(wanted));
    for (const blob of blobs) {
      expect(digestBytes(await readFile(join(out, "blobs/sha256", blob)))).toBe(`sha256:${blob}`);
    }
  });
});
