import type { Generator, GeneratorFacts } from "twinloom";
import { describe, expect, it } from "vitest";
import { generatorIdentity } from "../../../../modules/serving/models/properties.ts";
import { FakeGenerator } from "../server/shared.ts";

const identityOf = (facts: GeneratorFacts, change: Partial<Generator> = {}): string =>
  generatorIdentity(Object.assign(new FakeGenerator(), { facts, ...change }), "fake/1");

describe("the identity of a generator", () => {
  const facts = { model_digest: `sha256:${"a".repeat(64)}`, graph_digest: "sha256:b", provider: "cpu" };

  it("is another where the file, what is made of it, the range, or the fallback is another", () => {
    const validity = { incident_energy: { unit: "MeV", min: 1, max: Number.POSITIVE_INFINITY } };
    const all = [
      identityOf(facts),
      identityOf({ ...facts, model_digest: `sha256:${"c".repeat(64)}` }),
      identityOf({ ...facts, graph_digest: "sha256:c" }),
      identityOf({ ...facts, fallback: { model: "spare" } }),
      identityOf(facts, { validity }),
    ];
    for (const identity of all) expect(identity).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(new Set(all).size).toBe(all.length);
  });

  it("is the same whatever computes it, and in whatever order it is told", () => {
    const { provider: _, ...others } = facts;
    expect(identityOf({ provider_fallback_reason: "no GPU", provider: "cuda", ...others })).toBe(identityOf(facts));
  });

  it("is name and version where no file describes it", () => {
    expect(identityOf({ provider: "cpu" })).toBe("fake/1");
  });
});
