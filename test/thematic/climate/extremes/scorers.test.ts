import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import {
  createTwin,
  dataset,
  fitEof,
  type Model,
  NdArray,
  RandomStream,
  type TensorSpec,
} from "../../../../core/index.ts";
import { onnx } from "../../../../modules/onnx/index.ts";
import { detectExtremes, fitEofScorer, modelScorer, seasonalScorer } from "../../../../thematic/climate/index.ts";
import { autoencoderField, grid, LATITUDES } from "./autoencoder-field.ts";

const file = fileURLToPath(new URL("autoencoder.onnx", import.meta.url));
const squaredWeights = LATITUDES.flatMap((lat) => Array<number>(4).fill(Math.cos((lat * Math.PI) / 180)));
const tasOf = async (field: ReturnType<typeof grid>): Promise<NdArray> =>
  (await field.variables["tas"]?.read()) as NdArray;
const modes = { count: 3 };

describe("an ONNX autoencoder that is a projection on patterns", async () => {
  const twin = await createTwin({ plugins: { model: onnx({ file }) } });
  afterAll(() => twin.stop());
  const patterns = await fitEofScorer(autoencoderField(0, 60), { variable: "tas", modes });
  const other = autoencoderField(60, 130, (t, i, j) => (t === 100 && i === 1 && j === 2 ? 40 : 0));

  it.each([
    ["its reconstruction", { output: "reconstruction", weights: squaredWeights, batch: 16 }],
    ["its loss", { output: "loss" }],
  ])("scores other fields as the patterns do, by %s", async (_, options) => {
    const scorer = modelScorer(twin.model, { ...options, offset: 280, unit: "K" });
    const fields = await tasOf(other);
    const [found, expected] = [await scorer.score(fields), await patterns.score(fields)];
    expect(found).toHaveLength(70);
    // Numbers up to 10 in float32: errors of some 1e-6 beside residuals of 0.1 and more.
    found.forEach((score, t) => {
      expect(Math.abs(score - (expected[t] as number))).toBeLessThan(2e-6 * Math.max(1, ...expected));
    });
  });

  it("finds the same events with either, at the cells that were changed", async () => {
    const scorer = modelScorer(twin.model, {
      output: "reconstruction",
      weights: squaredWeights,
      offset: 280,
      unit: "K",
    });
    const [byModel, byPatterns] = await Promise.all(
      [scorer, patterns].map((each) => detectExtremes(other, { variable: "tas", scorer: each, threshold: 40 })),
    );
    expect(byModel?.events.map(({ steps }) => steps)).toEqual([[40, 40]]);
    expect(byModel?.events[0]?.where).toEqual({ lat: 50, lon: 4 });
    expect(byPatterns?.events.map(({ steps, where }) => ({ steps, where }))).toEqual(
      byModel?.events.map(({ steps, where }) => ({ steps, where })),
    );
  });

  it("leaves cells of weight 0 out, missing or not, and gives no score where another is missing", async () => {
    const scorer = modelScorer(twin.model, {
      output: "reconstruction",
      weights: squaredWeights.with(0, 0),
      offset: 280,
    });
    const fields = await tasOf(autoencoderField(0, 2));
    const missing = (cell: number): NdArray => {
      const values = fields.toFloat64().slice();
      values[cell] = Number.NaN;
      return new NdArray(values, { dtype: "float64", shape: fields.shape, dims: fields.dims });
    };
    const found = await scorer.score(missing(0));
    expect(found.every(Number.isFinite)).toBe(true);
    expect((await scorer.score(missing(1)))[0]).toBeNaN();
    expect((await scorer.score(missing(1)))[1]).toBe((await scorer.score(fields))[1]);
  });

  it("says what does not fit", async () => {
    expect(() => modelScorer(twin.model)).toThrow(/Say which one tells the score/);
    expect(() => modelScorer(twin.model, { output: "los" })).toThrow(/no output "los".*loss/);
    const scorer = modelScorer(twin.model, { output: "loss", unit: "K" });
    const wide = new NdArray(new Float64Array(10), {
      dtype: "float64",
      shape: [1, 2, 5],
      dims: ["time", "lat", "lon"],
    });
    await expect(scorer.score(wide)).rejects.toThrow(/float32 \[batch, 1, 3, 4\].*2 x 5/);
    await expect(patterns.score(wide)).rejects.toThrow(/3 x 4 cells/);
  });
});

describe("modelScorer, tensors it takes", () => {
  const model = (
    shape: TensorSpec["shape"],
    result: TensorSpec["shape"],
    asked: (readonly number[])[] = [],
  ): Model => ({
    ...{ name: "fake", metadata: {}, provider: { name: "cpu" } },
    inputs: { x: { dtype: "float32", shape } },
    outputs: { y: { dtype: "float32", shape: result } },
    infer: async ({ x }) => {
      asked.push(x?.shape ?? []);
      // A reconstruction of zeros; its error is the mean square.
      const lengths = result.map((length, axis) => (typeof length === "number" ? length : (x?.shape[axis] ?? 0)));
      return {
        y: new NdArray(new Float32Array(lengths.reduce((a, b) => a * b, 1)), { dtype: "float32", shape: lengths }),
      };
    },
  });
  const fields = new NdArray(
    Float64Array.from({ length: 15 }, (_, i) => i),
    {
      ...{ dtype: "float64", shape: [5, 1, 3], dims: ["time", "lat", "lon"] },
    } as const,
  );
  const meanSquares = [5 / 3, 50 / 3, 149 / 3, 302 / 3, 509 / 3];

  it.each([
    [
      ["b", "y", "x"],
      [
        [2, 1, 3],
        [2, 1, 3],
        [1, 1, 3],
      ],
    ],
    [
      ["b", "c", "y", "x"],
      [
        [2, 1, 1, 3],
        [2, 1, 1, 3],
        [1, 1, 1, 3],
      ],
    ],
    [
      ["b", 3],
      [
        [2, 3],
        [2, 3],
        [1, 3],
      ],
    ],
    [
      [4, 1, 3],
      [
        [4, 1, 3],
        [4, 1, 3],
      ],
    ],
  ] as const)("%j, by hand", async (shape, calls) => {
    const asked: (readonly number[])[] = [];
    const scorer = modelScorer(model(shape, shape, asked), { batch: 2 });
    expect(
      [...(await scorer.score(fields))].map((score, i) => Math.abs(score - (meanSquares[i] as number)) < 1e-6),
    ).toEqual(Array(5).fill(true));
    expect(asked).toEqual(calls);
  });

  it.each([
    [["b", 3, 4, 5], ["b", 3, 4, 5], /a scorer takes/],
    [["b"], ["b"], /a scorer takes/],
    [["b", 3, 4], ["b", 7], /neither a reconstruction/],
    [["b", 3, 4], ["b", 4, 3], /neither a reconstruction/],
  ] as const)("refuses %j to %j", (shape, result, message) => {
    expect(() => modelScorer(model(shape, result))).toThrow(message);
  });
});

describe("modelScorer, what cannot be", () => {
  const lengths = { dtype: "float32", shape: ["batch", 3] } as const;
  const model: Model = {
    ...{ name: "short", metadata: {}, provider: { name: "cpu" } },
    inputs: { x: lengths },
    outputs: { y: { dtype: "float32", shape: ["batch", "cell"] } },
    infer: async () => ({ y: new NdArray(new Float32Array(4), { dtype: "float32", shape: [2, 2] }) }),
  };

  it.each([
    [{ scale: 0 }, "no scale is 0"],
    [{ scale: [1, 0, 1] }, "no scale is 0"],
    [{ offset: Number.NaN }, "finite numbers"],
    [{ weights: [1, -1, 1] }, "0 or more"],
    [{ weights: [0, 0, 0] }, "above 0"],
  ])("are %j", (options, message) => {
    expect(() => modelScorer(model, options)).toThrow(message);
  });

  it("are outputs of another length than the fields: no score is made up", async () => {
    const fields = new NdArray(new Float64Array(6), { dtype: "float64", shape: [2, 3], dims: ["time", "cell"] });
    await expect(modelScorer(model).score(fields)).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringContaining('it gave 4 numbers as "y" for 2 fields of 3 cells; a scorer needs 6'),
    });
  });
});

describe("a planted heat wave", () => {
  /** 20 years of 30 days of noise with patterns of its own (4 of them) on 6 x 8 cells. */
  const [latitudes, longitudes] = [
    [30, 36, 42, 48, 54, 60],
    [0, 5, 10, 15, 20, 25, 30, 35],
  ];
  const days = 900;
  const stream = new RandomStream({ seed: 9n, id: 0n });
  const values = new Float64Array(days * 48);
  for (let t = 0; t < days; t++) {
    const amplitudes = [3, 2, 1.5, 1].map((size) => size * stream.normal());
    for (let c = 0; c < 48; c++) {
      const [i, j] = [Math.floor(c / 8), c % 8];
      const waves = amplitudes.reduce((sum, a, m) => sum + a * Math.cos((m + 1) * 0.5 * i + m * 0.7 * j), 0);
      const heat = t >= 700 && t < 706 && i >= 2 && i <= 3 && j >= 4 && j <= 5 ? 4 : 0;
      values[t * 48 + c] = 290 + waves + 0.5 * stream.normal() + heat;
    }
  }
  const field = grid(values, { times: Float64Array.from({ length: days }, (_, t) => t), latitudes, longitudes });

  it("is found out of the period of the fit, where it is, with the false alarms that a 99th percentile has", async () => {
    const period = "2001-01-01/2002-06-01";
    const scorer = await fitEofScorer(field, { variable: "tas", period, modes: { count: 4 } });
    const threshold = { quantile: 0.99, period };
    const { events, scores } = await detectExtremes(field, { variable: "tas", scorer, threshold });
    const wave = events.find(({ steps: [first, last] }) => first <= 705 && last >= 700);
    expect(wave).toMatchObject({ start: "2002-12-02T00:00:00", end: "2002-12-07T00:00:00", steps: [700, 705] });
    expect([42, 48]).toContain(wave?.where?.["lat"]);
    expect([20, 25]).toContain(wave?.where?.["lon"]);
    const [score, limit] = await Promise.all(
      ["anomaly_score", "threshold"].map(async (name) => (await scores.variables[name]?.read())?.toFloat64()),
    );
    if (!score || !limit) throw new Error("no scores");
    const isAlarm = (from: number, to: number): number =>
      score.slice(from, to).filter((value, k) => value > (limit[from + k] as number)).length;
    // In the period one in a hundred, as defined: 517 days.
    expect(isAlarm(0, 517)).toBe(6);
    // Outside of it, without the wave: 377 days, 1 % and what the fit knew of its own days.
    const rate = (isAlarm(517, 900) - 6) / 377;
    expect(rate).toBeLessThan(0.035);
    expect(events.filter((event) => event !== wave).every(({ steps: [a, b] }) => b - a <= 1)).toBe(true);
  });

  it("is found with a threshold by season, and patterns by season", async () => {
    const seasons = ["DJF", "MAM", "JJA", "SON"] as const;
    const scorers = await Promise.all(
      seasons.map(
        async (season) =>
          [season, await fitEofScorer(field, { variable: "tas", season, modes: { count: 4 } })] as const,
      ),
    );
    const scorer = seasonalScorer(Object.fromEntries(scorers));
    const { events } = await detectExtremes(field, { variable: "tas", scorer, bySeason: true, minimumSteps: 2 });
    expect(events.some(({ steps: [first, last] }) => first <= 705 && last >= 700)).toBe(true);
    const only = seasonalScorer({ JJA: scorers[2]?.[1] as (typeof scorers)[number][1] });
    const summer = await detectExtremes(field, { variable: "tas", scorer: only, bySeason: true });
    const winterScores = await summer.scores.variables["anomaly_score"]?.read({ time: { start: 0, stop: 59 } });
    expect(winterScores?.toFloat64().every(Number.isNaN)).toBe(true);
    expect(summer.events.every(({ start }) => ["06", "07", "08"].includes(start.slice(5, 7)))).toBe(true);
  });

  it("reads in parts of maxBytes: the same scores", async () => {
    const scorer = await fitEofScorer(field, { variable: "tas", modes: { count: 4 }, maxBytes: 32 * 48 ** 2 });
    const whole = await fitEofScorer(field, { variable: "tas", modes: { count: 4 } });
    expect(Math.abs((scorer.fit.variances[0] as number) / (whole.fit.variances[0] as number) - 1)).toBeLessThan(1e-12);
    const [parts, all] = await Promise.all(
      [20_000, 256e6].map((maxBytes) => detectExtremes(field, { variable: "tas", scorer: whole, maxBytes })),
    );
    expect(parts?.events).toEqual(all?.events);
  });

  it("is the same by cells where cells are more than samples, and dims may come in any order", async () => {
    const few = { variable: "tas", period: "2001-01-01/2001-02-09", modes: { count: 4 } } as const;
    const { fit } = await fitEofScorer(field, few);
    expect(fit.samples).toBe(40);
    const weights = fit.weights;
    const direct = await fitEof(
      {
        samples: 40,
        cells: 48,
        read: async ({ axis, from, to }) =>
          axis === "samples"
            ? values.slice(from * 48, to * 48)
            : Float64Array.from(
                { length: 40 * (to - from) },
                (_, at) => values[Math.floor(at / (to - from)) * 48 + from + (at % (to - from))] as number,
              ),
      },
      { weights, modes: few.modes },
    );
    expect(fit.patterns).toEqual(direct.patterns);
    expect(weights[8]).toBeCloseTo(Math.sqrt(Math.cos((36 * Math.PI) / 180)), 15);
  });

  it("converts fluxes of water, by samples and by cells, where it is told that it is water", async () => {
    const water = (unit: string, scale: number) => {
      const lengths = [40, 2, 3];
      const array = new NdArray(
        Float64Array.from({ length: 240 }, (_, i) => (5 + Math.sin(i * i)) * scale),
        { dtype: "float64", shape: lengths, dims: ["time", "y", "x"], unit },
      );
      const time = new NdArray(
        Float64Array.from({ length: 40 }, (_, i) => i),
        { dtype: "float64", shape: [40], dims: ["time"], unit: "days since 2001-01-01" },
      );
      return dataset({ variables: { time: { array: time, attributes: { standard_name: "time" } }, pr: array } });
    };
    const [flux, depth] = [water("kg m-2 s-1", 1 / 86_400), water("mm/day", 1)];
    for (const period of [undefined, "2001-01-01/2001-01-04"]) {
      const options = { variable: "pr", unit: "mm/day", context: "water", modes: { count: 2 }, period } as const;
      const [ours, plain] = [await fitEofScorer(flux, options), await fitEofScorer(depth, options)];
      ours.fit.variances.forEach((variance, m) => {
        expect(variance).toBeCloseTo(plain.fit.variances[m] as number, 9);
      });
      const { events } = await detectExtremes(flux, { variable: "pr", context: "water", scorer: ours });
      expect(events).not.toEqual([]);
    }
  });

  it("refuses a threshold that is no number: nothing would be above it", async () => {
    const scorer = await fitEofScorer(field, { variable: "tas", modes: { count: 2 } });
    const events = detectExtremes(field, { variable: "tas", scorer, threshold: Number.NaN });
    await expect(events).rejects.toThrow("`threshold` is NaN");
  });

  it("refuses another grid, and another unit", async () => {
    const scorer = await fitEofScorer(field, { variable: "tas", modes: { count: 4 }, unit: "degC" });
    const shifted = grid(values, {
      times: Float64Array.from({ length: days }, (_, t) => t),
      latitudes,
      longitudes: longitudes.map((x) => x + 1),
    });
    await expect(detectExtremes(shifted, { variable: "tas", scorer })).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
    await expect(detectExtremes(field, { variable: "lat", scorer })).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
    const inKelvin = await fitEofScorer(field, { variable: "tas", modes: { count: 4 } });
    const [a, b] = await Promise.all(
      [scorer, inKelvin].map((each) => detectExtremes(field, { variable: "tas", scorer: each })),
    );
    expect(a?.events.map(({ steps }) => steps)).toEqual(b?.events.map(({ steps }) => steps));
  });
});
