import { rm } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestBytes } from "../../../../core/index.ts";
import { packStore } from "../../../../core/lifecycle/care/pack.ts";
import { unpackStore } from "../../../../core/lifecycle/care/unpack.ts";
import { verifyStore } from "../../../../core/lifecycle/care/verify.ts";
import { readAttestation, writeAttestation } from "../../../../core/lifecycle/log/attestations.ts";
import { TRANSITIONS } from "../../../../core/lifecycle/log/transitions.ts";
import { STATES, type VersionState } from "../../../../core/lifecycle/schema.ts";
import type { TwinStore } from "../../../../core/lifecycle/store.ts";
import { attestation, eventsOf, sampleStore, seal } from "./sample-store.ts";

const POLICY = `
schemaVersion: 1
validated:
  metrics:
    - { metric: S.layer_energy, max: 0.003 }
    - { metric: auc.high, max: 0.8, min: 0.5 }
released:
  metrics:
    - { metric: throughput, min: 100, kind: reproduction }
`;
const GOOD = { "S.layer_energy": 0.001, "auc.high": 0.7 };

/** Everything that a release needs. */
async function attestAll(store: TwinStore, name: string): Promise<void> {
  const { digest } = await store.resolve(name);
  await store.attest(digest, attestation(digest, "validation", { metrics: GOOD }));
  const statement = { verdict: "equivalent" };
  await store.attest(digest, attestation(digest, "reproduction", { statement, metrics: { throughput: 200 } }));
  await store.attest(digest, attestation(digest, "audit"));
}

const missing = async (change: Promise<unknown>): Promise<readonly string[]> => {
  const error = (await change.catch((each: unknown) => each)) as { code?: string; missing?: readonly string[] };
  expect(error.code).toBe("TWIN_STATE_REFUSED");
  return (error.missing as readonly string[]).map((each) => each.replaceAll(/sha256:[0-9a-f]+…/g, "sha256:…"));
};

describe("The states of a version", () => {
  it("obey the table, whatever is tried", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    let versions = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: 6 }), async (wanted) => {
        const name = `ecal@v${(await seal(store, `${versions++}`)).number}`;
        await attestAll(store, name);
        let state: VersionState = "sealed";
        for (const to of wanted) {
          const change = store.changeState(name, to, { reason: "tried" });
          if (TRANSITIONS[state].includes(to)) {
            expect((await change).state).toBe(to);
            state = to;
          } else {
            await expect(change).rejects.toMatchObject({
              code: "TWIN_STATE_REFUSED",
              from: state,
              to,
              allowed: TRANSITIONS[state],
              missing: [],
            });
          }
        }
        expect((await store.resolve(name)).state).toBe(state);
      }),
      { seed: 3, numRuns: 8 },
    );
  });

  it("have the table of the reference", () => {
    expect(TRANSITIONS).toEqual({
      sealed: ["validated", "withdrawn"],
      validated: ["released", "deprecated", "withdrawn"],
      released: ["deprecated", "withdrawn"],
      deprecated: ["validated", "withdrawn"],
      withdrawn: [],
    });
  });

  it("tell what is allowed from here", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "a");
    await expect(sample.store.changeState("ecal", "released")).rejects.toThrow(
      "ecal@v1 is sealed and cannot become released. From here it can become: validated, withdrawn.",
    );
    await sample.store.changeState("ecal", "withdrawn", { reason: "leaks" });
    expect(await sample.store.resolve("ecal@v1")).toMatchObject({ state: "withdrawn", stateReason: "leaks" });
    await expect(sample.store.changeState("ecal", "validated")).rejects.toThrow("withdrawn is final.");
  });

  it("need a reason where no evidence is asked for", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "a");
    expect(await missing(sample.store.changeState("ecal", "withdrawn"))).toEqual(["a reason"]);
  });
});

describe("The manifest of an attestation", () => {
  it("is about the version that its statement is about", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const a = await seal(store, "a");
    const b = await seal(store, "b");
    const { digest } = await store.attest(a.digest, attestation(a.digest, "validation"));
    const manifest = JSON.parse(Buffer.from(await store.objects.get(digest)).toString());
    const { artifactType: _, ...subject } = b.descriptor;
    const other = await store.objects.put(canonicalJson({ ...manifest, subject }));
    await expect(readAttestation(store.objects, other.digest)).rejects.toThrow("are about different versions");
    expect(await readAttestation(store.objects, digest)).toMatchObject({ subject: a.digest });
  });
});

describe("The gate", () => {
  it("is open again after evidence that is too long to be kept was refused", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "a");
    const long = attestation(digest, "validation", { statement: "x".repeat(16 << 20) });
    await expect(store.attest(digest, long)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(store.changeState(digest, "validated", { policy: `# ${long.statement}` })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
    await store.attest(digest, attestation(digest, "validation"));
    expect((await store.changeState(digest, "validated")).state).toBe("validated");
  });

  it.each([
    ["about another version", {}, /is about sha256:\w+, and the log notes it for sha256:\w+/],
    [
      "of another verdict",
      { subject: "b", verdict: "failed" },
      /says "validation failed", and the log notes "validation passed"/,
    ],
    ["of another kind", { subject: "b", kind: "audit" }, /says "audit passed"/],
  ] as const)("takes no evidence %s than its event says, and verifying tells of it", async (_, more, problem) => {
    await using sample = await sampleStore();
    const { store } = sample;
    const a = await seal(store, "a");
    const b = await seal(store, "b");
    const { subject, ...rest } = { subject: "a", ...more };
    const about = subject === "a" ? a : b;
    const made = { ...attestation(about.digest, "validation"), ...rest };
    const noted = await writeAttestation(store.objects, about.descriptor, made);
    const event = {
      type: "attested",
      version: b.digest,
      attestation: noted,
      kind: "validation",
      verdict: "passed",
    } as const;
    await store.log("ecal").append(() => event);
    await expect(store.changeState("ecal@v2", "validated")).rejects.toMatchObject({
      code: "TWIN_ATTESTATION_INVALID",
      message: expect.stringMatching(problem),
    });
    const { problems } = await verifyStore(store);
    expect(problems).toMatchObject([{ severity: "error", kind: "damaged", digest: noted.digest }]);
    const file = `${sample.folder}.tar`;
    await packStore(store, { file });
    await expect(unpackStore(file, `${sample.folder}-copy`)).rejects.toMatchObject({
      code: "TWIN_ATTESTATION_INVALID",
    });
    await Promise.all([file, `${sample.folder}-copy`].map((path) => rm(path, { recursive: true })));
  });

  it("lists everything that is missing, metric by metric", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "a");
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toEqual([
      "a validation that passed: there is none of this version",
      "S.layer_energy at most 0.003: not measured: there is no validation",
      "auc.high at least 0.5 and at most 0.8: not measured: there is no validation",
    ]);
    await store.attest(digest, attestation(digest, "validation", { metrics: { "S.layer_energy": 0.0051 } }));
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toEqual([
      "S.layer_energy at most 0.003: measured 0.0051 (sha256:…)",
      "auc.high at least 0.5 and at most 0.8: not measured by any validation. There is: S.layer_energy.",
    ]);
    await store.attest(digest, attestation(digest, "validation", { metrics: { "auc.hihg": 0.7, chi2: 1 } }));
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toContain(
      'auc.high at least 0.5 and at most 0.8: not measured by any validation. Did you mean "auc.hihg"? There are: auc.hihg, chi2, S.layer_energy.',
    );
    expect((await store.resolve("ecal")).state).toBe("sealed");
  });

  it("takes the newest measurement of each metric, and only from what passed", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "a");
    const attest = (metrics: Record<string, number>, verdict: "passed" | "failed" = "passed") =>
      store.attest(digest, attestation(digest, "validation", { metrics, verdict }));
    await attest(GOOD);
    await attest({ "auc.high": 0.9 });
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toEqual([
      "auc.high at least 0.5 and at most 0.8: measured 0.9 (sha256:…)",
    ]);
    await attest({ "auc.high": 0.6 }, "failed");
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toEqual([
      "a validation that passed: the newest (sha256:…) failed",
      "auc.high at least 0.5 and at most 0.8: measured 0.6 (sha256:…), by a validation that failed",
    ]);
    await attest({ "auc.high": 0.8 });
    expect((await store.changeState("ecal", "validated", { policy: POLICY })).state).toBe("validated");
  });

  it("wants evidence about this very version", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const first = await seal(store, "a");
    await seal(store, "b");
    await attestAll(store, "ecal@v1");
    expect(await missing(store.changeState("ecal@v2", "validated"))).toHaveLength(1);
    const foreign = store.attest("ecal@v2", attestation(first.digest, "validation"));
    await expect(foreign).rejects.toMatchObject({ code: "TWIN_ATTESTATION_INVALID" });
  });

  it("releases what was reproduced and audited, or has a waiver of the audit with a reason", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "a");
    await store.attest(digest, attestation(digest, "validation"));
    await store.changeState("ecal", "validated");
    expect(await missing(store.changeState("ecal", "released", { policy: POLICY }))).toEqual([
      "a reproduction that is at least equivalent: there is none of this version",
      "an audit without unknown inputs, or a waiver of it with a reason: there is none of this version",
      "throughput at least 100: not measured: there is no reproduction",
    ]);
    const reproduce = (verdict: string) =>
      store.attest(
        digest,
        attestation(digest, "reproduction", { statement: { verdict }, metrics: { throughput: 200 } }),
      );
    await reproduce("different");
    await store.attest(digest, attestation(digest, "audit", { verdict: "failed" }));
    expect(await missing(store.changeState("ecal", "released", { policy: POLICY }))).toEqual([
      "a reproduction that is at least equivalent: the newest (sha256:…) is different",
      "an audit without unknown inputs, or a waiver of it with a reason: the newest (sha256:…) failed",
    ]);
    await reproduce("equivalent");
    for (const statement of [
      null,
      { waives: "audit" },
      { waives: "audit", reason: " " },
      { waives: "all", reason: "x" },
    ]) {
      await expect(store.attest(digest, attestation(digest, "waiver", { statement }))).rejects.toMatchObject({
        code: "TWIN_ATTESTATION_INVALID",
      });
    }
    const statement = { waives: "audit", reason: "no tracer on this cluster" };
    await store.attest(digest, attestation(digest, "waiver", { statement }));
    const identical = `${POLICY}  reproduction: identical\n`;
    expect(await missing(store.changeState("ecal", "released", { policy: identical }))).toEqual([
      "a reproduction that is identical: the newest (sha256:…) is equivalent",
    ]);
    expect((await store.changeState("ecal", "released", { policy: POLICY })).state).toBe("released");
  });

  it("records by what a version was judged, and on what evidence", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const own = "schemaVersion: 1\nvalidated: { metrics: [{ metric: auc.high, max: 0.75 }] }\n";
    const { digest } = await seal(store, "a", { policy: own });
    const failed = await store.attest(digest, attestation(digest, "validation", { metrics: { "auc.high": 0.78 } }));
    // The policy that was sealed with the version cannot be left out.
    expect(await missing(store.changeState("ecal", "validated", { policy: POLICY }))).toContain(
      "auc.high at most 0.75: measured 0.78 (sha256:…)",
    );
    expect((await store.gate("ecal", "validated")).map(({ isMet }) => isMet)).toEqual([true, false]);
    const passed = await store.attest(digest, attestation(digest, "validation", { metrics: GOOD }));
    await store.changeState("ecal", "validated", { policy: POLICY, reason: "for the test beam" });
    const state = await store.log("ecal").read();
    expect((await eventsOf(store)).at(-1)?.change).toMatchObject({
      type: "stateChanged",
      evidence: [passed.digest],
      policies: [{ digest: digestBytes(own) }, { digest: digestBytes(POLICY) }],
    });
    expect(Buffer.from(await store.objects.get(digestBytes(POLICY))).toString()).toBe(POLICY);
    expect(state.attestations.get(digest)?.map(({ descriptor }) => descriptor.digest)).toEqual([
      failed.digest,
      passed.digest,
    ]);
  });

  it("says what is wrong with a policy", async () => {
    await using sample = await sampleStore();
    await seal(sample.store, "a");
    const bad: Readonly<Record<string, string>> = {
      "schemaVersion: 1\nvalidate: {}": 'validate: Unknown. Did you mean "validated"?',
      "schemaVersion: 1\nvalidated: { metrics: [{ metric: a }] }":
        "validated.metrics.0: A metric needs `max`, `min` or both.",
      "schemaVersion: 1\nvalidated: { metrics: [{ metric: a, max: 1, min: 2 }] }":
        "No number is at least 2 and at most 1.",
      "schemaVersion: 1\nvalidated: { metrics: [{ metric: a, max: .nan }] }": "validated.metrics.0.max",
      "a: [": "line 1, column 5: Flow sequence",
      "": "as a whole",
    };
    for (const [policy, message] of Object.entries(bad)) {
      await expect(sample.store.changeState("ecal", "validated", { policy }), policy).rejects.toMatchObject({
        code: "TWIN_POLICY_INVALID",
        message: expect.stringContaining(message),
      });
    }
  });
});

describe("An attestation", () => {
  it("is the newest again when it is given again after another", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest } = await seal(store, "a");
    const failed = attestation(digest, "validation", { verdict: "failed", metrics: { auc: 0.9 } });
    await store.attest("ecal@v1", failed);
    await store.attest("ecal@v1", attestation(digest, "validation", { metrics: GOOD }));
    await store.attest("ecal@v1", failed);
    await store.attest("ecal@v1", failed);
    const verdicts = (await store.log("ecal").read()).attestations.get(digest)?.map(({ verdict }) => verdict);
    expect(verdicts).toEqual(["failed", "passed", "failed"]);
    const listed = (await store.ociIndex()).manifests.map((manifest) => manifest.digest);
    expect(listed).toHaveLength(3);
    expect(new Set(listed).size).toBe(3);
    await expect(store.changeState("ecal@v1", "validated")).rejects.toMatchObject({ code: "TWIN_STATE_REFUSED" });
  });

  it("is an OCI manifest whose subject is the version, and the same one is there once", async () => {
    await using sample = await sampleStore();
    const { store } = sample;
    const { digest, descriptor } = await seal(store, "a");
    const said = attestation(digest, "validation", { metrics: GOOD, statement: { suite: "decades" } });
    const first = await store.attest("ecal", said);
    expect(await store.attest("ecal@v1", said)).toEqual(first);
    expect((await store.log("ecal").read()).attestations.get(digest)).toHaveLength(1);
    const manifest = JSON.parse(Buffer.from(await store.objects.get(first.digest)).toString()) as object;
    expect(manifest).toMatchObject({
      artifactType: "application/vnd.twinloom.attestation.v1+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digestBytes("{}"), size: 2 },
      subject: { mediaType: descriptor.mediaType, digest, size: descriptor.size },
    });
    expect(await readAttestation(store.objects, first.digest)).toEqual(said);
    await expect(readAttestation(store.objects, digest)).rejects.toMatchObject({ code: "TWIN_ATTESTATION_INVALID" });
  });
});
