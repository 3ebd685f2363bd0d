import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Digest, digestBytes, type RunRecord } from "../../../../core/index.ts";
import { compareRuns } from "../../../../core/lifecycle/reproduce/compare-runs.ts";
import { type ReproductionReport, ReproductionReportSchema } from "../../../../core/lifecycle/reproduce/report.ts";
import { type SampleRun, sampleRun } from "./sample-records.ts";

const verdictOf = async (a: SampleRun, b: SampleRun): Promise<string> =>
  (await compareRuns(sampleRun(a), sampleRun(b))).verdict;
const matchesOf = ({ outputs }: ReproductionReport): Readonly<Record<string, string>> =>
  Object.fromEntries(outputs.map(({ step, output, match }) => [output ?? step, match]));

describe("compareRuns", () => {
  it("calls runs with equal bytes identical", async () => {
    const report = await compareRuns(sampleRun(), sampleRun());
    expect(report).toMatchObject({ verdict: "identical", causes: [], tolerances: null });
    expect(matchesOf(report)).toEqual({ showers: "bitwise", simulate: "bitwise" });
    expect(Object.values(report.layers).map(({ state }) => state)).toEqual(Array(7).fill("same"));
  });

  it("calls runs with equal content identical, and says that bytes differ", async () => {
    const other = sampleRun({ outputs: { showers: ["other bytes", "content"] } });
    const report = await compareRuns(sampleRun(), other);
    expect(report.verdict).toBe("identical");
    expect(matchesOf(report)["showers"]).toBe("canonical");
    expect(report.causes).toEqual([]);
  });

  it("tells what another step reads from what is the end of the plan, and both from results", async () => {
    const outputs = { showers: ["a", "a"], log: ["b", null] } as const;
    const report = await compareRuns(sampleRun({ outputs }), sampleRun({ outputs }));
    expect(report.outputs.map(({ output, role }) => [output, role])).toEqual([
      ["log", "final"],
      ["showers", "intermediate"],
      [null, "result"],
    ]);
  });

  it("finds a renamed output as one that is missing and one that is extra", async () => {
    const report = await compareRuns(sampleRun(), sampleRun({ outputs: { events: ["bytes", "content"] } }));
    expect(report.verdict).toBe("different");
    expect(matchesOf(report)).toMatchObject({ showers: "missing", events: "extra" });
  });

  it("compares by bytes what nothing reads, and does not guess", async () => {
    const a = { outputs: { page: ["<p>1</p>", null] } } as const;
    const report = await compareRuns(sampleRun(a), sampleRun({ outputs: { page: ["<p>2</p>", null] } }));
    expect(report.verdict).toBe("different");
    expect(report.outputs[0]?.reason).toMatch(/nothing in the twin reads/);
  });

  it("does not call runs identical that have nothing to compare", async () => {
    const bare = sampleRun({ outputs: {}, result: null });
    const report = await compareRuns(bare, bare);
    expect(report).toMatchObject({ verdict: "incomparable", outputs: [] });
    expect(report.causes[0]?.message).toContain("there is nothing to compare");
  });

  it("refuses what is no run, and tells of a folder that holds none", async () => {
    await expect(compareRuns(undefined as never, sampleRun())).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(compareRuns("nosuch", sampleRun())).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
  });

  it("compares what a task returned, though it wrote the same files", async () => {
    const report = await compareRuns(sampleRun({ result: 200 }), sampleRun({ result: 201 }));
    expect(report.verdict).toBe("different");
    expect(report.outputs.at(-1)).toMatchObject({ role: "result", match: "different", metric: { absolute: 1 } });
    const tolerances = { outputs: { simulate: { relative: 0.01 } } };
    expect((await compareRuns(sampleRun({ result: 200 }), sampleRun({ result: 201 }), { tolerances })).verdict).toBe(
      "equivalent",
    );
  });

  it("names another model, with both digests, as the first cause", async () => {
    const gan = sampleRun({ model: "gan" });
    const transformer = sampleRun({ model: "transformer", outputs: { showers: ["x", "y"] }, node: "v26.0.0" });
    const { verdict, causes, layers } = await compareRuns(gan, transformer);
    expect(verdict).toBe("different");
    expect(causes[0]?.layer).toBe("model");
    expect(causes[0]?.message).toBe(
      `Another model: shower was ${digestBytes("gan")}, is ${digestBytes("transformer")}.`,
    );
    expect(causes.map(({ layer }) => layer)).toEqual(["model", "environment"]);
    // The file that a model is in is the model's business.
    expect(layers.spec.state).toBe("same");
  });

  it.for([
    ["parameters", { seed: 8 }, "Other parameters: simulate.seed was 7, is 8."],
    ["spec", { use: "twinloom/modules/other" }, /^The twin is composed otherwise: plugins\.shower\.use was /],
    ["code", { pluginVersion: "0.2.0" }, "Other versions of plugins: shower.version was 0.1.0, is 0.2.0."],
    ["environment", { node: "v26.0.0" }, "Another environment: node was v24.0.0, is v26.0.0."],
    ["platform", { cpu: "another" }, "Another machine: cpu.model was a processor, is another."],
  ] as const)("names the %s", async ([layer, change, message]) => {
    const other = sampleRun({ ...change, outputs: { showers: ["x", "y"] } });
    const report = await compareRuns(sampleRun(), other);
    expect(report.layers[layer].state).toBe("different");
    const others = Object.entries(report.layers).filter(([name]) => name !== layer);
    expect(others.map(([, { state }]) => state)).toEqual(Array(6).fill("same"));
    expect(report.causes).toEqual([{ layer, message: expect.stringMatching(message) }]);
  });

  it("asks whether a step is deterministic where nothing else differs", async () => {
    const { causes } = await compareRuns(sampleRun(), sampleRun({ outputs: { showers: ["x", "y"] } }));
    expect(causes).toEqual([{ layer: "execution", message: expect.stringContaining('is step "simulate" determ') }]);
  });

  it("does not know what a model without a digest is, nor code without a version", async () => {
    const local = { model: null, use: "./shower.ts", outputs: { showers: ["x", "y"] } } as const;
    const { layers, causes } = await compareRuns(sampleRun({ ...local, outputs: {} }), sampleRun(local));
    expect(layers).toMatchObject({ model: { state: "unknown" }, code: { state: "unknown" } });
    expect(causes.map(({ layer }) => layer)).toEqual(["execution", "model", "code"]);
  });

  it("knows that the code of one sealed version is the same", async () => {
    const version: Digest = digestBytes("v1");
    const sealed = { use: "./shower.ts", version };
    const { layers } = await compareRuns(sampleRun(sealed), sampleRun(sealed));
    expect(layers.code.state).toBe("same");
  });

  it("does not judge runs that other data went into", async () => {
    const report = await compareRuns(sampleRun(), sampleRun({ input: "other" }));
    expect(report.verdict).toBe("incomparable");
    expect(report.causes[0]).toMatchObject({
      layer: "data",
      message: expect.stringContaining('"energies" of "simulate"'),
    });
  });

  it("says that a run failed, and why", async () => {
    const report = await compareRuns(sampleRun(), sampleRun({ state: "failed" }));
    expect(report.verdict).toBe("failed");
    expect(report.causes[0]?.message).toBe('The repeat run failed in step "simulate": it broke');
    expect(await verdictOf({ state: "canceled" }, {})).toBe("failed");
    expect(await verdictOf({ state: "failed" }, { state: "failed" })).toBe("failed");
  });

  it("is symmetric and total, and its report is JSON of its schema", async () => {
    const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
    const file = fc.tuple(some("a", "b", "c"), some("a", "b", null));
    const run = fc.record(
      {
        state: some<RunRecord["state"]>("succeeded", "succeeded", "succeeded", "failed", "canceled"),
        version: some(digestBytes("v1"), digestBytes("v2")),
        input: some("energies", "energies", "others"),
        seed: some(7, 7, 8),
        model: some("gan", "flow", null),
        use: some("twinloom/modules/onnx", "./shower.ts"),
        outputs: fc.dictionary(some("showers", "page", "constructor"), file, { maxKeys: 3 }),
        result: some(200, 201),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(run, run, async (one, other) => {
        const [a, b] = [sampleRun(one as SampleRun), sampleRun(other as SampleRun)];
        const report = await compareRuns(a, b);
        expect(mirrored(await compareRuns(b, a))).toEqual(comparable(report));
        expect(ReproductionReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
        // Total: one row for each output that either has.
        const names = new Set([a, b].flatMap(({ steps }) => Object.keys(steps["simulate"]?.outputs ?? {})));
        const rows = report.outputs.filter(({ output }) => output !== null).map(({ output }) => output);
        expect([rows.length, new Set(rows)]).toEqual([names.size, names]);
        if (report.verdict === "identical") expect(report.causes).toEqual([]);
        else expect(report.causes).not.toEqual([]);
      }),
      { seed: 21, numRuns: 300 },
    );
  });
});

/** What a mirrored comparison must agree in; messages say the same the other way round. */
function comparable({ verdict, original, repeat, layers, outputs, causes }: ReproductionReport): object {
  const place = ({ step, output }: { step: string; output: string | null }): string => `${step} ${output}`;
  return {
    verdict,
    original,
    repeat,
    layers,
    outputs: outputs.map((row) => row).sort((a, b) => (place(a) < place(b) ? -1 : 1)),
    causes: causes.map(({ layer }) => layer),
  };
}

function mirrored(report: ReproductionReport): object {
  const swap = { missing: "extra", extra: "missing" } as const;
  return comparable({
    ...report,
    original: report.repeat as ReproductionReport["original"],
    repeat: report.original,
    layers: Object.fromEntries(
      Object.entries(report.layers).map(([name, { state, differences }]) => [
        name,
        {
          state,
          differences: differences.map(({ what, original, repeat }) => ({ what, original: repeat, repeat: original })),
        },
      ]),
    ) as ReproductionReport["layers"],
    outputs: report.outputs.map((row) => ({
      ...row,
      match: row.match === "missing" || row.match === "extra" ? swap[row.match] : row.match,
    })),
  });
}
