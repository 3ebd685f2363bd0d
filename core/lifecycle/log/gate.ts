import type { Digest } from "../../canonical/digest.ts";
import { describeNames } from "../../errors/nearest-names.ts";
import type { Attestation } from "../schema.ts";
import { Waiver } from "./attestations.ts";
import type { MetricRule, Policy } from "./policy.ts";

/** Something that a state demands, and whether it is shown. */
export interface GateCheck {
  /** `"S.layer_energy at most 0.003"`. */
  readonly demand: string;
  readonly isMet: boolean;
  /** What was found: `"measured 0.0051"`. */
  readonly found: string;
  /** Manifest of the attestation that shows it. */
  readonly evidence: Digest | undefined;
}

/** An attestation of the version, and its manifest. */
export interface Evidence {
  readonly digest: Digest;
  readonly attestation: Attestation;
}

/**
 * What is shown of a version, and what is not, for a state that needs evidence. Of each demand the newest attestation that
 * says something of it counts, whatever older ones say; and it must have passed.
 *
 * @param evidence - Of this version, the oldest first.
 * @param policies - All of them must be met; without any, only what every twin must show.
 */
export function checkGate(
  to: "validated" | "released",
  evidence: readonly Evidence[],
  policies: readonly Policy[],
): readonly GateCheck[] {
  const metrics = policies.flatMap(({ rules }) => rules[to].metrics).map((rule) => checkMetric(rule, evidence));
  if (to === "validated") return [checkKind("validation", evidence), ...metrics];
  const isIdentical = policies.some(({ rules }) => rules.released.reproduction === "identical");
  return [checkReproduction(evidence, isIdentical), checkAudit(evidence), ...metrics];
}

function checkKind(kind: Attestation["kind"], evidence: readonly Evidence[]): GateCheck {
  const newest = evidence.findLast(({ attestation }) => attestation.kind === kind);
  return { demand: `a ${kind} that passed`, ...judged(newest) };
}

function checkMetric({ metric, max, min, kind }: MetricRule, evidence: readonly Evidence[]): GateCheck {
  const limits = [min !== undefined && `at least ${min}`, max !== undefined && `at most ${max}`].filter(Boolean);
  const demand = `${metric} ${limits.join(" and ")}`;
  const newest = evidence.findLast(
    ({ attestation }) => attestation.kind === kind && Object.hasOwn(attestation.metrics, metric),
  );
  const value = newest?.attestation.metrics[metric];
  if (newest === undefined || value === undefined) {
    const others = evidence.filter(({ attestation }) => attestation.kind === kind);
    const names = new Set(others.flatMap(({ attestation }) => Object.keys(attestation.metrics)));
    const found =
      others.length === 0
        ? `not measured: there is no ${kind}`
        : `not measured by any ${kind}. ${describeNames(metric, names)}`;
    return { demand, isMet: false, found, evidence: undefined };
  }
  const hasPassed = newest.attestation.verdict === "passed";
  const isInside = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY);
  const found = `measured ${value} (${short(newest.digest)})${hasPassed ? "" : `, by a ${kind} that failed`}`;
  return { demand, isMet: hasPassed && isInside, found, evidence: newest.digest };
}

function checkReproduction(evidence: readonly Evidence[], isIdentical: boolean): GateCheck {
  const newest = evidence.findLast(({ attestation }) => attestation.kind === "reproduction");
  const demand = `a reproduction that is ${isIdentical ? "identical" : "at least equivalent"}`;
  if (newest === undefined) return { demand, ...judged(newest) };
  const { statement } = newest.attestation;
  const verdict =
    typeof statement === "object" && statement && "verdict" in statement ? statement["verdict"] : undefined;
  const good: readonly unknown[] = isIdentical ? ["identical"] : ["identical", "equivalent"];
  // Its own word counts, and not only what the attestation makes of it.
  const isMet = newest.attestation.verdict === "passed" && good.includes(verdict);
  const told = typeof verdict === "string" ? verdict : "without a verdict";
  return { demand, isMet, found: `the newest (${short(newest.digest)}) is ${told}`, evidence: newest.digest };
}

function checkAudit(evidence: readonly Evidence[]): GateCheck {
  const newest = evidence.findLast(({ attestation }) => attestation.kind === "audit" || isWaiver(attestation));
  return { demand: "an audit without unknown inputs, or a waiver of it with a reason", ...judged(newest) };
}

function isWaiver({ kind, statement }: Attestation): boolean {
  return kind === "waiver" && Waiver.safeParse(statement).success;
}

function judged(newest: Evidence | undefined): Omit<GateCheck, "demand"> {
  if (newest === undefined) return { isMet: false, found: "there is none of this version", evidence: undefined };
  const { verdict } = newest.attestation;
  return {
    isMet: verdict === "passed",
    found: `the newest (${short(newest.digest)}) ${verdict}`,
    evidence: newest.digest,
  };
}

function short(digest: Digest): string {
  return `${digest.slice(0, 19)}…`;
}
