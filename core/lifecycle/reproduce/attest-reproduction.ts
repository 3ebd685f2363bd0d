import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import type { Attestation, Descriptor } from "../schema.ts";
import type { TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import type { ReproductionReport, Verdict } from "./report.ts";
import { parseTolerances, type Tolerances, toleranceOf } from "./tolerances.ts";

const PASSED: readonly Verdict[] = ["identical", "equivalent"];

/**
 * Keeps a report as evidence about the version that ran, both times. One that says nothing of the version is not kept:
 * another version ran, or none, the runs cannot be compared, or the verdict hangs on tolerances that are not the version's.
 *
 * @returns The manifest of the attestation.
 */
export async function attestReproduction(
  store: TwinStore,
  report: ReproductionReport,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Descriptor | undefined> {
  const { original, repeat, verdict, outputs } = report;
  const { version } = original;
  if (version === null || repeat?.version !== version || verdict === "incomparable") return undefined;
  const isOfVersion =
    verdict === "identical" || verdict === "failed" || (await hasOwnTolerances(store, version, report));
  if (!isOfVersion) return undefined;
  const count = (...matches: readonly string[]): number =>
    outputs.filter(({ match }) => matches.includes(match)).length;
  const attestation: Attestation = {
    schemaVersion: 1,
    kind: "reproduction",
    subject: version,
    verdict: PASSED.includes(verdict) ? "passed" : "failed",
    metrics: {
      outputs: outputs.length,
      "outputs.identical": count("bitwise", "canonical"),
      "outputs.within_tolerance": count("within-tolerance"),
      "outputs.different": count("different", "missing", "extra"),
      // For a policy that bounds what a tolerance may allow.
      "outputs.largest_relative": Math.max(0, ...outputs.map(({ metric }) => metric?.relative ?? 0)),
    },
    // Plain JSON, as its schema says; the type of JSON knows no optional members.
    statement: report as unknown as Attestation["statement"],
  };
  return await store.attest(version, attestation, { signal: options.signal });
}

/** Whether the outputs were compared within the tolerances that the version was sealed with. */
async function hasOwnTolerances(
  store: TwinStore,
  version: Digest,
  { outputs, tolerances }: ReproductionReport,
): Promise<boolean> {
  const { config } = await readVersion(store.objects, version);
  const { readSpec } = await import("../../spec/read-spec.ts");
  const spec = readSpec(new TextDecoder().decode(await store.objects.get(config.spec.digest)), "/twin.yaml");
  const own = spec.tolerances && parseTolerances(spec.tolerances);
  const told = (all: Tolerances | null | undefined, row: (typeof outputs)[number]): string =>
    canonicalJson(toleranceOf(all ?? undefined, row)?.tolerance ?? null);
  return outputs.every((row) => told(own, row) === told(tolerances, row));
}
