import { MEDIA_TYPES } from "../../../../core/lifecycle/media-types.ts";
import type { TwinStore } from "../../../../core/lifecycle/store.ts";
import { writeVersion } from "../../../../core/lifecycle/version/manifest.ts";

/** Seals a version of a text and a file, in the order in which every version is sealed. */
export async function commit(store: TwinStore, spec: string, model: string): Promise<void> {
  await using pin = await store.pin();
  const text = await store.objects.put(spec);
  const file = await store.objects.putFile(model);
  const { descriptor } = await writeVersion(store.objects, {
    schemaVersion: 1,
    twin: "ecal",
    spec: { mediaType: MEDIA_TYPES.spec, digest: text.digest, size: text.bytes },
    code: { files: [] },
    data: [],
    models: [
      {
        path: "model.onnx",
        part: "shower",
        descriptor: { mediaType: MEDIA_TYPES.onnx, digest: file.digest, size: file.bytes },
      },
    ],
    environment: { engine: "0.1.0", node: "24.0", packages: [] },
    parents: [],
    annotations: {},
  });
  await store.log("ecal").append(async ({ versions }) => {
    await pin.check();
    if (versions.has(descriptor.digest)) return undefined;
    return { type: "sealed", version: descriptor, number: versions.size + 1 };
  });
}
