import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "../../../../core/index.ts";
import type { VersionEntry } from "../../../../core/lifecycle/log/twin-state.ts";
import { MEDIA_TYPES } from "../../../../core/lifecycle/media-types.ts";
import type { Attestation, Event, VersionConfig } from "../../../../core/lifecycle/schema.ts";
import { type OpenStoreOptions, openStore, type TwinStore } from "../../../../core/lifecycle/store.ts";
import { writeVersion } from "../../../../core/lifecycle/version/manifest.ts";

/** A store in a folder of its own, removed at the end. */
export async function sampleStore(
  options: OpenStoreOptions = {},
): Promise<{ readonly store: TwinStore; readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-store-"));
  const store = await openStore(folder, { create: true, actor: "ann@lab", index: false, ...options });
  return {
    store,
    folder,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Seals a version that is real, and holds nothing but a text. */
export async function seal(
  store: TwinStore,
  text: string,
  { twin = "ecal", policy }: { readonly twin?: string; readonly policy?: string } = {},
): Promise<VersionEntry> {
  const blob = async (mediaType: string, content: string) => {
    const { digest, bytes } = await store.objects.put(content);
    return { mediaType, digest, size: bytes };
  };
  const config: VersionConfig = {
    schemaVersion: 1,
    twin,
    spec: await blob(MEDIA_TYPES.spec, text),
    code: { files: [] },
    data: [],
    models: [],
    environment: { engine: "0.1.0", node: "24.0", packages: [] },
    ...(policy !== undefined && { validation: { policy: await blob(MEDIA_TYPES.policy, policy) } }),
    parents: [],
    annotations: {},
  };
  const { descriptor } = await writeVersion(store.objects, config);
  await store
    .log(twin)
    .append(({ versions }) =>
      versions.has(descriptor.digest) ? undefined : { type: "sealed", version: descriptor, number: versions.size + 1 },
    );
  return await store.resolve(descriptor.digest);
}

/** Every event of a twin, from the files. */
export async function eventsOf(store: TwinStore, twin = "ecal"): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of store.log(twin).events()) events.push(event);
  return events;
}

/** What an attestation says that passed; a validation has measured something. */
export function attestation(
  subject: Digest,
  kind: Attestation["kind"],
  more: Partial<Pick<Attestation, "verdict" | "metrics" | "statement">> = {},
): Attestation {
  return {
    schemaVersion: 1,
    kind,
    subject,
    verdict: "passed",
    metrics: kind === "validation" ? { auc: 0.5 } : {},
    statement: null,
    ...more,
  };
}
