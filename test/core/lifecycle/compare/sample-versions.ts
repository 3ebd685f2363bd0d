import { type Digest, digestBytes } from "../../../../core/canonical/digest.ts";
import { MEDIA_TYPES } from "../../../../core/lifecycle/media-types.ts";
import type { Descriptor, VersionConfig } from "../../../../core/lifecycle/schema.ts";
import type { TwinStore } from "../../../../core/lifecycle/store.ts";
import { writeVersion } from "../../../../core/lifecycle/version/manifest.ts";

export const SPEC = `twin: ecal
plugins:
  shower: { use: "twinloom/thematic/detector#gflash", constants: refitted, layers: [1, 2, 3] }
  detector: { use: twinloom/thematic/detector, geometry: w-si-45, wire: { generator: shower } }
plans:
  compare:
    simulate: { task: simulate, parameters: { count: 10 } }
`;

/** Of a text, whether an object holds it or not. */
export function descriptorOf(text: string, mediaType: string = MEDIA_TYPES.file): Descriptor {
  return { mediaType, digest: digestBytes(text), size: Buffer.byteLength(text) };
}

/** A version that says nothing unusual. */
export function sampleConfig(change: Partial<VersionConfig> = {}, spec: string = SPEC): VersionConfig {
  return {
    schemaVersion: 1,
    twin: "ecal",
    spec: descriptorOf(spec, MEDIA_TYPES.spec),
    code: { files: [] },
    data: [],
    models: [],
    environment: { engine: "0.1.0", node: "24.1", packages: [{ purl: "pkg:npm/twinloom@0.1.0" }] },
    parents: [],
    annotations: {},
    ...change,
  };
}

/** Seals a version whose spec is all that it keeps. */
export async function sealSample(
  store: TwinStore,
  twin: string,
  parents: VersionConfig["parents"],
  spec: string = SPEC,
): Promise<Digest> {
  await store.objects.put(spec);
  // What nobody sealed before: the number is in it.
  const number = (await store.list(twin)).length + 1;
  const config = sampleConfig({ twin, parents, annotations: { number: String(number) } }, spec);
  const { descriptor } = await writeVersion(store.objects, config);
  await store.log(twin).append(() => ({ type: "sealed", version: descriptor, number }));
  return descriptor.digest;
}
