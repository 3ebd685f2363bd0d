import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTwin, type Dataset } from "../../../core/index.ts";
import { reportDocumentSchema } from "../../../modules/report/index.ts";
import {
  calorimeter,
  comparisonTable,
  parseEvidence,
  readEvidence,
  type Validation,
  validationReport,
} from "../../../thematic/detector/index.ts";
import { evidenceAbout } from "./evidence-sample.ts";
import { sampleParts } from "./sample.ts";

const [FIRST, SECOND] = (await sampleParts([0, 20], [20, 50])) as [Dataset, Dataset];
const fits = (): ReturnType<typeof evidenceAbout> =>
  evidenceAbout(
    { file: "gan.h5", digest: digestOf(FIRST_VALUES), showers: 20 },
    { file: "reference.h5", digest: digestOf(SECOND_VALUES), showers: 30 },
  );
const [FIRST_VALUES, SECOND_VALUES] = (await Promise.all([FIRST, SECOND].map(bytesOf))) as [Buffer, Buffer];

/** As the schema has it: float32 energies, then float32 voxels. */
async function bytesOf(file: Dataset): Promise<Buffer> {
  const arrays = await Promise.all(["incident_energies", "showers"].map((name) => file.variables[name]?.read()));
  return Buffer.concat(arrays.map((array) => Buffer.from(Float32Array.from(array?.toFloat64() ?? []).buffer)));
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function validate(evidence: unknown): Promise<Validation> {
  await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
  const [made, real] = [await twin.detector.showers(FIRST), await twin.detector.showers(SECOND)];
  return await twin.detector.validate(made, real, { evidence, metrics: "fast" });
}

describe("evidence of classifiers", () => {
  it("about these showers is taken, with the highest judge of each kind and floors", async () => {
    const { evidence } = await validate({ ...fits(), limits: ["float32 instead of float64."] });
    expect(evidence?.highest).toEqual([
      { features: "low", auc: 0.9, judge: "network" },
      { features: "high", auc: 0.95, judge: "trees" },
    ]);
    expect(evidence?.judges.map(({ floor }) => floor?.auc)).toEqual([0.5, 0.51, 0.49, undefined]);
    expect(evidence?.limits).toEqual(["float32 instead of float64"]);
  });

  it("without floors is taken, and says so", async () => {
    const { evidence } = await validate({ ...fits(), floor: null });
    expect(evidence?.judges.map(({ floor }) => floor)).toEqual([null, null, null, null]);
    expect(evidence?.limits.at(-1)).toContain("no judge was tried on two sets of the reference");
  });

  it("is in the report, and in the table of several sets", async () => {
    const validation = await validate(fits());
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const document = JSON.parse(JSON.stringify(validationReport(validation, twin.detector.geometry)));
    expect(reportDocumentSchema.safeParse(document).error).toBeUndefined();
    const titles = document.sections.map(({ title }: { title: string }) => title);
    expect(titles).toContain("Classifiers");
    // Without floors no series of them; a point below one half is on the figure.
    const judged = validation.evidence as NonNullable<Validation["evidence"]>;
    const bare = { ...judged, judges: judged.judges.map((one) => ({ ...one, auc: 0.3, floor: null })) };
    const figures = validationReport({ ...validation, evidence: bare }, twin.detector.geometry)
      .sections.find(({ title }) => title === "Classifiers")
      ?.items.filter((item) => item.kind === "figure");
    expect(figures?.[0]?.series.map(({ name }) => name)).toEqual(["cannot tell", "gan"]);
    expect(figures?.[0]?.y.min).toBeLessThan(0.3);
    const { columns, rows } = comparisonTable([validation], ["gan.h5"]);
    const at = (name: string): number => columns.findIndex((column) => column.name === name);
    expect(rows.map((row) => [row[0], row[at("AUC low")], row[at("AUC high")]])).toEqual([
      ["gan.h5", 0.9, 0.95],
      ["reference: halves of EGSnrc", 0.51, 0.49],
    ]);
    // Sets of other sizes have a row of the reference of their own; classifiers of any set of the size are in it.
    const without = { ...validation, evidence: null };
    const larger = { ...without, generated: { ...validation.generated, count: 7 } };
    const several = comparisonTable([validation, without, larger]).rows.slice(3);
    expect(several.map((row) => [row[0], row[at("AUC low")]])).toEqual([
      ["reference: halves of EGSnrc, for 20", 0.51],
      ["reference: halves of EGSnrc, for 7", null],
    ]);
    expect(rows[0]?.[at("S layers")]).toBe(
      validation.separation.find(({ observable }) => observable === "layer energy")?.excess,
    );
  });

  it.each([
    ["other generated showers", "generated", { generated: { content_sha256: "0".repeat(64) } }],
    ["another reference", "reference", { reference: { content_sha256: "0".repeat(64) } }],
    ["another number of showers", "generated", { generated: { showers: 21 } }],
    ["rows that there are not", "reference", { reference: { rows: [0, 31] } }],
    ["another cut", "cut", { comparison: { cut_mev: 0.01 } }],
  ])("about %s is refused, and says which", async (_, side, change) => {
    const evidence = fits();
    const changed = Object.fromEntries(
      Object.entries(evidence).map(([key, value]) => {
        const replaced = (change as Record<string, object>)[key];
        return [key, replaced ? { ...(value as object), ...replaced } : value];
      }),
    );
    await expect(validate(changed)).rejects.toMatchObject({ code: "TWIN_EVIDENCE_MISMATCH", side });
  });

  it("about showers of which one voxel differs is refused", async () => {
    const bytes = Buffer.from(FIRST_VALUES);
    bytes.writeFloatLE(7, bytes.length - 4);
    const evidence = fits();
    const changed = { ...evidence, generated: { ...evidence.generated, content_sha256: digestOf(bytes) } };
    await expect(validate(changed)).rejects.toMatchObject({ code: "TWIN_EVIDENCE_MISMATCH", side: "generated" });
  });

  it.each([
    ["nothing", null],
    ["of another schema", { ...fits(), schema: "twinloom.evidence/2" }],
    ["without judges", { ...fits(), judges: [] }],
    [
      "with an area above one",
      { ...fits(), judges: [{ ...fits().judges[0], auc: { mean: 1.2, std: null, values: [1.2] } }] },
    ],
    [
      "with a mean that is not that of its values",
      { ...fits(), judges: [{ ...fits().judges[0], auc: { mean: 0.7, std: 0.01, values: [0.89, 0.91] } }] },
    ],
    [
      "with fewer values than repetitions",
      { ...fits(), judges: [{ ...fits().judges[0], auc: { mean: 0.9, std: 0.01, values: [0.9] } }] },
    ],
    ["with more showers than there are", { ...fits(), comparison: { ...fits().comparison, per_class: 21 } }],
    ["with one judge twice", { ...fits(), judges: [fits().judges[0], fits().judges[0]] }],
    [
      "with a floor of other numbers",
      { ...fits(), judges: [{ ...fits().judges[0], counts: { train: 11, test: 4, validation: 4 } }] },
    ],
    ["with a digest that is none", { ...fits(), generated: { ...fits().generated, content_sha256: "abc" } }],
  ])("that is %s is refused before showers are read", async (_, evidence) => {
    expect(() => parseEvidence(evidence)).toThrow(expect.objectContaining({ code: "TWIN_EVIDENCE_INVALID" }));
    await expect(validate(evidence)).rejects.toMatchObject({ code: "TWIN_EVIDENCE_INVALID" });
  });

  it("may say more than is read", () => {
    expect(() => parseEvidence({ ...fits(), more: 1 })).not.toThrow();
  });

  it("is read from files, and refused where they are no JSON or not there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "evidence-"));
    try {
      await writeFile(join(folder, "good.json"), JSON.stringify(fits()));
      await writeFile(join(folder, "bad.json"), "{");
      expect(await readEvidence(join(folder, "good.json"))).toEqual(fits());
      await expect(readEvidence(join(folder, "bad.json"))).rejects.toMatchObject({ code: "TWIN_EVIDENCE_INVALID" });
      await expect(readEvidence(join(folder, "none.json"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
