import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Adaptable,
  createTwin,
  type JsonValue,
  loadSpec,
  loadVersion,
  openStore,
  readAttestation,
  readVersion,
  resolveNeeds,
  type TwinStore,
} from "../../../../core/index.ts";
import { type ConditionsChange, type RecordedDecision, sealChanges } from "../../../../modules/adaptation/index.ts";

const SPEC = `twin: ecal
plugins:
  shower: { use: "twinloom/thematic/detector#gflash" }
  adaptable: { use: "twinloom/thematic/detector#adaptableDetector", layers: 4 }
`;

let folder: string;
let store: TwinStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-seal-changes-"));
  await writeFile(join(folder, "twin.yaml"), SPEC);
  store = await openStore(join(folder, "store"), { create: true });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** Decisions about the gain of layer 1, with what was done about them. */
class Changes {
  readonly recorded: RecordedDecision[] = [];
  readonly #act: (change: ConditionsChange) => Promise<JsonValue>;
  constructor(act: (change: ConditionsChange) => Promise<JsonValue>) {
    this.#act = act;
  }

  async take(kind: "accepted" | "rolled-back", from: number, to: number): Promise<Readonly<Record<string, unknown>>> {
    const number = this.recorded.length;
    const moved = [{ index: 3, condition: "gain of layer 1", value: to, error: 0.002 }];
    const best = { causes: ["gain of layer 1"], rung: 1, moved };
    const decision = {
      ...{ kind, events: 1000 * number, timeNs: "5", before: [1, 0, 1, from, 1, 1], after: [1, 0, 1, to, 1, 1] },
      ...{ alarm: {}, attribution: { verdict: "cause", best } },
      comparison: { events: 500, meanDifference: 0.5, error: 0.1, sigmas: 3, verdict: "better" },
    } as unknown as ConditionsChange["decision"];
    return await this.#seal(decision);
  }

  /** A silent counter. */
  async fault(counter: number, gain: number): Promise<Readonly<Record<string, unknown>>> {
    const conditions = [1, 0, 1, gain, 1, 1];
    const proof = { events: 2560, counted: 0, expected: 2266, value: 1924, threshold: 6.6 };
    const finding = { counter, name: `cell ${counter}`, from: "sound", to: "silent", proof, rate: null };
    const decision = {
      ...{
        kind: "counters-accepted",
        events: 1000 * this.recorded.length,
        timeNs: "5",
        before: conditions,
        after: conditions,
      },
      ...{
        findings: [finding],
        faultsBefore: { silent: [], noisy: [] },
        faultsAfter: { silent: [counter], noisy: [] },
      },
    } as unknown as ConditionsChange["decision"];
    return await this.#seal(decision);
  }

  async #seal(decision: ConditionsChange["decision"]): Promise<Readonly<Record<string, unknown>>> {
    const number = this.recorded.length;
    const change = { number, decision, earlier: [...this.recorded] };
    const outcome = await this.#act(change);
    // As after a restart that came before the outcome was known.
    expect(await this.#act(change)).toEqual(outcome);
    this.recorded.push({ number, decision, outcome });
    return outcome as Readonly<Record<string, unknown>>;
  }
}

async function changes(alias?: string): Promise<Changes> {
  const composition = await loadSpec(join(folder, "twin.yaml"));
  const twin = await createTwin(composition);
  const { adaptable } = resolveNeeds(twin, { adaptable: Adaptable });
  return new Changes(sealChanges({ store, composition, adaptable, alias }));
}

const aliasAt = async (): Promise<string> => (await store.resolve("ecal@champion")).digest;

describe("sealChanges", () => {
  it("seals each calibration as a version of the one before, with the decision as evidence, and the alias on it", async () => {
    const made = await changes("champion");
    const first = await made.take("accepted", 1, 0.96);
    const second = await made.take("accepted", 0.96, 1.05);
    expect([first["name"], second["name"]]).toEqual(["ecal@v2", "ecal@v3"]);
    expect(await aliasAt()).toBe(second["version"]);

    const { config } = await readVersion(store.objects, (await store.resolve("ecal@v3")).digest);
    expect(config.parents).toEqual([{ digest: first["version"], relation: "calibrationOf" }]);
    expect(config.data).toMatchObject([{ path: second["file"], role: "calibration" }]);
    const written = await readFile(join(folder, String(second["file"])), "utf8");
    expect(JSON.parse(written)).toMatchObject({ geometry: "w-si-45" });
    expect(JSON.parse(written).response.gains.slice(0, 3)).toEqual([1, 1.05, 1]);

    const log = await store.log("ecal").read();
    const [evidence] = log.attestations.get(second["version"] as never) ?? [];
    const { verdict, metrics, statement } = await readAttestation(store.objects, evidence?.descriptor.digest as never);
    expect(verdict).toBe("passed");
    expect(metrics).toMatchObject({ "adaptation.events": 500, "adaptation.deviance_gain": 0.5 });
    expect(statement).toMatchObject({ kind: "accepted", attribution: { best: { causes: ["gain of layer 1"] } } });
  });

  it("seals faults of counters under the conditions that hold, with what proved them as evidence", async () => {
    const made = await changes("champion");
    const first = await made.take("accepted", 1, 0.96);
    const second = await made.fault(1179, 0.96);
    expect(second).toMatchObject({ name: "ecal@v3", calibrationOf: first["version"], alias: "champion" });
    expect(await aliasAt()).toBe(second["version"]);
    const { composition } = await loadVersion(store, String(second["version"]));
    const { adaptable } = resolveNeeds(await createTwin(composition), { adaptable: Adaptable });
    expect(adaptable.current[3]).toBe(0.96);
    expect(adaptable.counters?.faults).toEqual({ silent: [1179], noisy: [] });
    const log = await store.log("ecal").read();
    const [evidence] = log.attestations.get(second["version"] as never) ?? [];
    const { verdict, metrics } = await readAttestation(store.objects, evidence?.descriptor.digest as never);
    expect(verdict).toBe("passed");
    expect(metrics).toEqual({
      "adaptation.counters": 1,
      "adaptation.events": 2560,
      "adaptation.log_likelihood_ratio": 1924,
    });
  });

  it("makes versions that begin under their calibration", async () => {
    const { version } = await (await changes()).take("accepted", 1, 0.96);
    const { composition } = await loadVersion(store, String(version));
    const { adaptable } = resolveNeeds(await createTwin(composition), { adaptable: Adaptable });
    expect(adaptable.current[3]).toBe(0.96);
    await expect(store.resolve("ecal@champion")).rejects.toMatchObject({ code: "TWIN_VERSION_NOT_FOUND" });
  });

  it("takes back: the version has failed, the alias is where it was, and what comes next is a calibration of that", async () => {
    const made = await changes("champion");
    await made.take("accepted", 1, 0.96);
    const { version: failed } = await made.take("accepted", 0.96, 1.05);
    const back = await made.take("rolled-back", 1.05, 0.96);
    expect(back).toMatchObject({ name: "ecal@v2", alias: "champion" });
    expect(await aliasAt()).toBe(back["version"]);
    const log = await store.log("ecal").read();
    expect(log.attestations.get(failed as never)?.map(({ verdict }) => verdict)).toEqual(["passed", "failed"]);
    expect(await made.take("accepted", 0.96, 0.9)).toMatchObject({ calibrationOf: back["version"], name: "ecal@v4" });
  });

  it("leaves an alias that somebody has moved", async () => {
    const made = await changes("champion");
    await made.take("accepted", 1, 0.96);
    await store.moveAlias("ecal@champion", "ecal@v1", { reason: "by hand" });
    await made.take("rolled-back", 0.96, 1);
    expect(await aliasAt()).toBe((await store.resolve("ecal@v1")).digest);
    expect((await store.log("ecal").read()).versions.size).toBe(2);
  });

  it("refuses a twin without an adaptable part", async () => {
    await writeFile(join(folder, "other.yaml"), `twin: other\nplugins:\n  files: { use: twinloom/modules/hdf5 }\n`);
    const composition = await loadSpec(join(folder, "other.yaml"));
    expect(() => sealChanges({ store, composition, adaptable: {} as Adaptable })).toThrow("none is");
  });
});
