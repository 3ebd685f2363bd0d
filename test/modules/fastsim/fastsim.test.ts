import { constant, createTwin, type GenerateRequest, Model, NdArray, RandomStream } from "twinloom";
import { fastsim, noisePurpose } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { describe, expect, it } from "vitest";
import { all, EchoModel, eventsOf, fixture, graphOf, simulationOver } from "./sample.ts";

const LATENT = { latent: ["batch", 6] } as const;

function requestOf(energies: readonly number[], change: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    conditions: { energy: Float64Array.from(energies) },
    eventIds: BigInt64Array.from(energies, (_, index) => BigInt(index)),
    seed: 5n,
    ...change,
  };
}

describe("inputs of the model", () => {
  it("are the segments one after the other: conditions, and noise of seed, event id and place", async () => {
    const made = await eventsOf(
      await simulationOver(new EchoModel(LATENT), { graph: graphOf() }),
      requestOf([10, 50]),
      "values",
    );
    const expected = [10, 50].map((energy, event) => {
      const stream = (segment: number): RandomStream =>
        new RandomStream({ seed: 5n, id: BigInt(event), purpose: noisePurpose("latent", segment) });
      const [normal, uniform] = [new Float32Array(3), new Float32Array(2)];
      stream(1).fillNormalFloat32(normal);
      stream(2).fillUniformFloat32(uniform);
      return [energy, ...normal, ...uniform];
    });
    expect(made).toEqual(expected);
  });

  it("have the purposes that an implementation elsewhere computes", () => {
    // FNV-1a by scripts/make-noise-oracles.py, whose streams test/core/math/noise.test.ts compares.
    expect(noisePurpose("latent", 2)).toBe(oraclePurposes["latent/2"]);
    expect(noisePurpose("é", 1)).toBe(oraclePurposes["é/1"]);
  });

  it("take units, calculations, constants and choices", async () => {
    const graph = graphOf({
      conditions: { energy: { unit: "GeV", min: 10, max: 50 }, angle: { unit: "degree", min: 0, max: 90 } },
      inputs: {
        latent: [
          { condition: "energy", unit: "MeV", steps: [{ log: 10 }, { offset: -4 }] },
          { condition: "angle", unit: "radian" },
          { constant: [0.5, -1], steps: [{ scale: 2 }, { times: "energy", unit: "TeV" }] },
          { one_hot: 1, length: 2 },
        ],
      },
    });
    const generator = await simulationOver(new EchoModel(LATENT), { graph });
    const request = requestOf([50], { conditions: { energy: Float64Array.of(50), angle: Float64Array.of(90) } });
    const [made] = await eventsOf(generator, request, "values");
    const expected = [Math.log10(50_000) - 4, Math.PI / 2, 0.05, -0.1, 0, 1];
    expect(made).toEqual(expected.map(Math.fround));
  });

  it("multiply noise by a condition, as the first 3DGAN did", async () => {
    const plain = graphOf({ inputs: { latent: [{ noise: "normal", length: 6 }] }, conditions: {} });
    const scaled = graphOf({
      inputs: { latent: [{ noise: "normal", length: 6, steps: [{ times: "energy" }, { scale: 0.01 }] }] },
    });
    const request = requestOf([30]);
    const [noise = []] = await eventsOf(
      await simulationOver(new EchoModel(LATENT), { graph: plain }),
      { ...request, conditions: {} },
      "values",
    );
    const [made] = await eventsOf(await simulationOver(new EchoModel(LATENT), { graph: scaled }), request, "values");
    expect(made).toEqual(noise.map((value) => Math.fround(value * 30 * 0.01)));
  });

  it("are rows of as many as the model fixes, of minRows and more, and never of more than maxRows", async () => {
    const rowsOf = async (
      options: object,
      shape: readonly (number | string)[],
      batchSize: number,
      energies = [10, 20, 30, 40, 50],
    ): Promise<number[]> => {
      const model = new EchoModel({ latent: shape });
      const generator = await simulationOver(model, { graph: graphOf(), ...options });
      await all(generator, requestOf(energies, { batchSize }));
      return model.rows;
    };
    const free = ["batch", 6];
    expect(await rowsOf({}, free, 2)).toEqual([2, 2, 1]);
    expect(await rowsOf({}, free, 10)).toEqual([5]);
    expect(await rowsOf({ minRows: 4 }, free, 3)).toEqual([4, 4]);
    expect(await rowsOf({ maxRows: 3 }, free, 5)).toEqual([2, 3]);
    expect(await rowsOf({ maxRows: 1 }, free, 10)).toEqual([1, 1, 1, 1, 1]);
    expect((await rowsOf({}, [3, 6], 10)).length).toBe(2);
    const many = Array.from({ length: 60 }, () => 10);
    expect(await rowsOf({}, free, 60, many)).toEqual([60]);
    expect(await rowsOf({ maxRows: 25 }, free, 60, many)).toEqual([20, 20, 20]);
    expect(await rowsOf({}, free, 40, many)).toEqual([40, 20]);
  });
});

describe("outputs", () => {
  it("are calculated on, cut and transposed in the order of the graph", async () => {
    const graph = graphOf({
      conditions: { energy: { unit: "GeV", min: 1, max: 50 } },
      inputs: { latent: [{ constant: [1, 4, 9, 16, 25, 36] }] },
      outputs: {
        values: {
          tensor: "latent",
          ...{ axes: ["x", "channel", "y"], dims: ["y", "x"], shape: [3, 2], unit: "keV" },
          steps: [{ power: 0.5 }, { cut: 2.5 }, { over: "energy", unit: "MeV" }, { scale: 1e6 }],
        },
      },
    });
    const [batch] = await all(await simulationOver(new EchoModel(LATENT), { graph }), requestOf([2]));
    const values = batch?.arrays["values"] as NdArray;
    expect([values.dims, values.shape, values.unit]).toEqual([["event", "y", "x"], [1, 3, 2], "keV"]);
    // As stored, x · y: [[1, 4, 9], [16, 25, 36]].
    expect([...values.toFloat64()]).toEqual([0, 2000, 0, 2500, 1500, 3000]);
  });

  it("have memory of their own, also where two are made of one tensor", async () => {
    const values = { tensor: "latent", dims: ["cell"], shape: [6] };
    const graph = graphOf({
      conditions: {},
      inputs: { latent: [{ constant: [1, 2, 3, 4, 5, 6] }] },
      outputs: { values, again: values },
    });
    const generator = await simulationOver(new EchoModel(LATENT), { graph });
    const [batch] = await all(generator, requestOf([1, 1], { conditions: {} }));
    const [first, second] = ["values", "again"].map((name) => batch?.arrays[name] as NdArray<"float32">);
    first?.data.fill(0);
    expect([...(second?.data ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });

  it.for<[string, number[], string]>([
    ["NaN", [1, Number.NaN], "NaN"],
    ["infinite", [Number.POSITIVE_INFINITY, 1], "Infinity"],
    ["below the minimum", [1, -0.5], "-0.5 MeV"],
  ])("that are %s are an error that says where", async ([, constantValue, said]) => {
    const graph = graphOf({
      conditions: {},
      inputs: { latent: [{ constant: [1, 1, 1, 0, 0, 0] }] },
      outputs: { values: { tensor: "latent", dims: ["cell"], shape: [6], unit: "MeV" } },
    });
    const model = new EchoModel(LATENT);
    const infer = model.infer.bind(model);
    // A schema takes no NaN: the model makes it.
    model.infer = async (inputs, options) => {
      const { latent } = await infer(inputs, options);
      (latent as NdArray<"float32">).data.set(constantValue, 6);
      return { latent: latent as NdArray };
    };
    const generator = await simulationOver(model, { graph });
    await expect(all(generator, requestOf([1, 1, 1], { conditions: {} }))).rejects.toMatchObject({
      code: "TWIN_GENERATED_INVALID",
      message: expect.stringContaining(`"values" of event 1 is ${said}`),
    });
  });

  it("of an ONNX file that gives NaN or a negative energy are an error too", async () => {
    await using twin = await createTwin({
      plugins: { network: onnx({ file: fixture("broken.onnx") }), shower: fastsim() },
    });
    const count = 40;
    const request = {
      conditions: {
        incident_energy: new Float64Array(count).fill(5000),
        absorber_thickness: new Float64Array(count).fill(1.4),
      },
      eventIds: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)),
      seed: 1n,
    };
    await expect(all(twin.shower, request)).rejects.toMatchObject({ code: "TWIN_GENERATED_INVALID" });
  });

  it("of another size than the graph says are an error", async () => {
    const model = new EchoModel(LATENT);
    const graph = graphOf({ outputs: { values: { tensor: "open", dims: ["cell"], shape: [7], minimum: null } } });
    const open = Object.assign(model, { outputs: { open: { dtype: "float32", shape: ["batch", "cells"] } } });
    const infer = model.infer.bind(model);
    model.infer = async (inputs, options) => ({ open: (await infer(inputs, options))["latent"] as NdArray });
    await expect(all(await simulationOver(open, { graph }), requestOf([20]))).rejects.toMatchObject({
      code: "TWIN_GENERATED_INVALID",
      message: expect.stringContaining(
        'as "open", of which its graph makes "values": [6] are 6 values per event; shape [7]',
      ),
    });
  });
});

describe("a model that gives something else than it states", () => {
  const OPEN = { open: { dtype: "float32", shape: ["rows", "y", "x"] } } as const;
  const plain = { tensor: "open", dims: ["a", "b"], shape: [2, 3], minimum: null };

  it.for<[string, object, number[], "float32" | "float64", RegExp]>([
    ["fewer rows", plain, [1, 2, 3], "float32", /gave float32 \[1, 2, 3\].*float32 with 3 rows/],
    ["more rows", plain, [6, 2, 3], "float32", /gave float32 \[6, 2, 3\].*float32 with 3 rows/],
    ["no rows", plain, [0, 2, 3], "float32", /float32 with 3 rows/],
    ["other numbers", plain, [3, 2, 3], "float64", /gave float64.*must be float32/],
    ["axes in another order", plain, [3, 3, 2], "float32", /\[3, 2\] is another order than dims \[a, b\] = \[2, 3\]/],
    [
      "other axes",
      { ...plain, axes: ["b", "a"] },
      [3, 2, 3],
      "float32",
      /axes \[b, a\] would be \[3, 2\], not \[2, 3\]/,
    ],
  ])("%s: delivers nothing, least of all zeros", async ([, output, shape, dtype, message]) => {
    const model = Object.assign(new EchoModel(LATENT), { outputs: OPEN });
    const size = shape.reduce((product, length) => product * length, 1);
    const data = dtype === "float32" ? new Float32Array(size).fill(1) : new Float64Array(size).fill(1);
    model.infer = async () => ({ open: new NdArray(data, { dtype, shape }) });
    const graph = graphOf({ outputs: { values: output as never } });
    await expect(all(await simulationOver(model, { graph }), requestOf([10, 20, 30]))).rejects.toMatchObject({
      code: "TWIN_GENERATED_INVALID",
      message: expect.stringMatching(message),
    });
  });

  it("nothing: is an error with a code", async () => {
    const model = Object.assign(new EchoModel(LATENT), { infer: async () => ({}) });
    await expect(all(await simulationOver(model, { graph: graphOf() }), requestOf([10]))).rejects.toMatchObject({
      code: "TWIN_GENERATED_INVALID",
      message: expect.stringContaining('gave nothing as "latent"'),
    });
  });

  it("joined or divided axes are the same values in the same order", async () => {
    const model = Object.assign(new EchoModel(LATENT), { outputs: OPEN });
    const open = new NdArray(
      Float32Array.from({ length: 24 }, (_, k) => k),
      { dtype: "float32", shape: [2, 4, 3] },
    );
    model.infer = async () => ({ open });
    const graph = graphOf({ outputs: { values: { tensor: "open", dims: ["a", "b", "c"], shape: [2, 2, 3] } } });
    const [event] = await eventsOf(await simulationOver(model, { graph }), requestOf([10, 10]), "values");
    expect(event).toEqual(Array.from({ length: 12 }, (_, k) => k));
  });
});

describe("facts", () => {
  it("are those of the graph, the model's digest and what computes it", async () => {
    await using twin = await createTwin({
      plugins: { network: onnx({ file: fixture("toy.onnx") }), shower: fastsim() },
    });
    expect(twin.shower.facts).toEqual({
      geometry: { name: "toy-3", layers: 3, alpha_bins: 4 },
      cut_mev: 0.05,
      particle: "electron",
      model: "toy",
      model_digest: twin.network.digest,
      graph_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      provider: "cpu",
    });
    expect(JSON.parse(JSON.stringify(twin.shower.facts))).toEqual(twin.shower.facts);
  });
});

describe("cancelling", () => {
  it("stops between the runs of one batch", async () => {
    const abort = new AbortController();
    const model = new EchoModel(LATENT);
    const generator = await simulationOver(model, { graph: graphOf(), maxRows: 1 });
    const infer = model.infer.bind(model);
    model.infer = async (inputs) => {
      if (model.rows.length === 2) abort.abort(new Error("called off"));
      return infer(inputs);
    };
    const batches = generator.generate(requestOf([10, 20, 30, 40, 50]), { signal: abort.signal });
    await expect(batches.next()).rejects.toThrow("called off");
    expect(model.rows.length).toBe(3);
  });
});

describe("inputs that cannot be made", () => {
  it("are told once the model has finished what it computes, also where that fails", async () => {
    const model = new EchoModel(LATENT);
    const generator = await simulationOver(model, { graph: graphOf(), maxRows: 1 });
    const request = requestOf([10, 20]);
    const energy = request.conditions["energy"] as Float64Array;
    Object.defineProperty(request.conditions, "energy", {
      enumerable: true,
      get: () => {
        if (model.rows.length > 0) throw new Error("gone");
        return energy;
      },
    });
    const infer = model.infer.bind(model);
    let finished = false;
    model.infer = async (inputs) => {
      const made = await infer(inputs);
      await new Promise((resolve) => setTimeout(resolve, 5));
      finished = true;
      return made;
    };
    await expect(all(generator, request)).rejects.toThrow("gone");
    expect(finished).toBe(true);
    model.rows.length = 0;
    // Were nobody to wait for it, this rejection would end the process.
    model.infer = async (inputs) => {
      await infer(inputs);
      throw new Error("failed");
    };
    await expect(all(generator, request)).rejects.toThrow("failed");
  });
});

describe("composing", () => {
  it("needs a fallback where it is to use one, and sizes that can be", async () => {
    const plugins = (options: object) => ({
      model: constant(Model, new EchoModel(LATENT)),
      shower: fastsim({ graph: graphOf(), ...options }),
    });
    await expect(createTwin({ plugins: plugins({ outside: "fallback" }) })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining('wire: { shower: { fallback: "<part>" } }'),
    });
    await expect(createTwin({ plugins: plugins({ minRows: 300 }) })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("minRows, 300, is above maxRows, 100"),
    });
  });

  it("keeps two of them apart: neither is the other's fallback", async () => {
    const shower = fastsim({ graph: graphOf() });
    await using twin = await createTwin({
      plugins: { model: constant(Model, new EchoModel(LATENT)), a: shower, b: shower },
    });
    expect(twin.a.facts.fallback).toBeUndefined();
  });
});

const oraclePurposes: Readonly<Record<string, number>> = Object.fromEntries(
  (
    (await import("../../fixtures/math/noise.json", { with: { type: "json" } })).default as {
      streams: { name: string; purpose: number }[];
    }
  ).streams.map(({ name, purpose }) => [name, purpose]),
);
