import { attestation, sampleStore, seal } from "../log/sample-store.ts";

/** A store with two versions of a twin, evidence and an alias, and one version of another twin. */
export async function fullStore() {
  const sample = await sampleStore();
  const { store } = sample;
  await seal(store, "one");
  // Larger than what is held in memory on the way.
  const second = await seal(store, "x".repeat(3_000_000));
  await store.attest("ecal@v2", attestation(second.digest, "validation"));
  await seal(store, "other", { twin: "Hcal/β" });
  await store.moveAlias("ecal@champion", "ecal@v2");
  return { ...sample, second };
}
