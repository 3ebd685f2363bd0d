import { GeneratorGraph, type GeneratorGraphInput, generatorGraphJsonSchema } from "twinloom/modules/fastsim";
import { describe, expect, it } from "vitest";
import { EchoModel, graphOf, simulationOver } from "./sample.ts";

const SHAPES = { latent: ["batch", 6] } as const;

/** What is wrong with a graph in a model's metadata. */
async function problemsOf(text: string | object | undefined, shapes: object = SHAPES): Promise<unknown> {
  const metadata =
    text === undefined ? {} : { "twinloom.generator": typeof text === "string" ? text : JSON.stringify(text) };
  const model = new EchoModel(shapes as Record<string, readonly (number | string)[]>, metadata);
  return simulationOver(model, {}).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the graph of a model", () => {
  it("is read from its metadata", async () => {
    const generator = await simulationOver(
      new EchoModel(SHAPES, { "twinloom.generator": JSON.stringify(graphOf()) }),
      {},
    );
    expect(generator).toMatchObject({
      model: "echo",
      validity: { energy: { unit: "GeV", min: 10, max: 50 } },
      outputs: { values: { dtype: "float32", dims: ["cell"], shape: [6] } },
    });
  });

  it.for<[string, string | object | undefined, RegExp]>([
    ["none", undefined, /echo-model.*have no "twinloom.generator".*option `graph`/s],
    ["no JSON", '{"name": "gan",', /metadata "twinloom.generator".*It is not JSON: /s],
    ["another version", { ...graphOf(), schema: "twinloom.generator/2" }, /schema: .*twinloom.generator\/1/],
    ["a misspelt key", { ...graphOf(), output: {} }, /output: Unknown. Did you mean "outputs"/],
    ["noise without length", graphOf({ inputs: { latent: [{ noise: "normal" }] } }), /inputs.latent.0.length: Missing/],
    [
      "two kinds at once",
      graphOf({ inputs: { latent: [{ noise: "normal", length: 6, constant: 1 }] } }),
      /inputs.latent.0: .*noise and constant/,
    ],
    [
      "a range upside down",
      graphOf({ conditions: { energy: { unit: "GeV", min: 5, max: 5 } } }),
      /conditions.energy.max: It must be above min/,
    ],
    [
      "a choice out of reach",
      graphOf({ inputs: { latent: [{ one_hot: 6, length: 6 }] } }),
      /inputs.latent.0.one_hot: .*below the length/,
    ],
    [
      "a step of two",
      graphOf({ inputs: { latent: [{ constant: 1, steps: [{ scale: 1, cut: 2 }] }] } }),
      /inputs.latent.0.steps.0: .*scale and cut/,
    ],
    [
      "axes that are not dims",
      graphOf({ outputs: { values: { tensor: "latent", dims: ["a"], shape: [6], axes: ["b"] } } }),
      /outputs.values.axes: .*a is not there once/,
    ],
    [
      "an input of another size",
      graphOf({ inputs: { latent: [{ condition: "energy" }] } }),
      /inputs.latent: .*\[batch, 6\], 6 values per event; its segments have 1/,
    ],
    [
      "an input that the model has not",
      graphOf({ inputs: { ...graphOf().inputs, latnt: [{ constant: 1 }] } }),
      /inputs.latnt: The model has no such input. Did you mean "latent"/,
    ],
    [
      "an output that the model has not",
      graphOf({ outputs: { values: { dims: ["cell"], shape: [6] } } }),
      /outputs.values: The model has no output "values"/,
    ],
    [
      "an output of another size",
      graphOf({ outputs: { values: { tensor: "latent", dims: ["cell"], shape: [7] } } }),
      /outputs.values.shape: .*6 values per event; shape \[7\] has 7/,
    ],
    [
      "an event that no memory holds",
      graphOf({ outputs: { values: { tensor: "latent", dims: ["a", "b"], shape: [1e6, 1e6] } } }),
      /outputs.values.shape: An event may have 268435456 values; this has 1000000000000/,
    ],
    [
      "limits upside down",
      graphOf({ inputs: { latent: [{ constant: 1, steps: [{ clip: [2, 1] }] }] } }),
      /inputs.latent.0.steps.0.clip: Give the smaller limit first/,
    ],
    [
      "facts that only the generator knows",
      graphOf({ facts: { provider: "cuda", fallback: { outside: {} } } }),
      /facts.provider: Leave it out.*facts.fallback: Leave it out/s,
    ],
    ["facts without end", `{"facts":{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`, /./],
    [
      "a condition that is not declared",
      graphOf({ inputs: { latent: [{ condition: "enrgy" }, { constant: [1, 2, 3, 4, 5] }] } }),
      /inputs.latent.0.condition: No such condition. Did you mean "energy"/,
    ],
    [
      "a condition that nothing uses",
      graphOf({ conditions: { ...graphOf().conditions, angle: { unit: "rad", min: 0, max: 1 } } }),
      /conditions.angle: Nothing/,
    ],
    [
      "a unit of another kind",
      graphOf({ inputs: { latent: [{ condition: "energy", unit: "mm" }, { constant: [1, 2, 3, 4, 5] }] } }),
      /inputs.latent.0.unit: /,
    ],
    [
      "a unit that there is not",
      graphOf({ conditions: { energy: { unit: "GeW", min: 1, max: 2 } } }),
      /inputs.latent.0.condition: .*GeW/,
    ],
  ])("with %s is refused, with the place", async ([, text, message]) => {
    expect(await problemsOf(text)).toMatchObject({
      code: "TWIN_GENERATOR_GRAPH",
      message: expect.stringMatching(message),
    });
  });

  it("tells everything that is wrong at once", async () => {
    const wrong = graphOf({
      inputs: { other: [{ constant: 1 }] },
      outputs: { values: { dims: ["cell"], shape: [6] } },
    });
    const error = await problemsOf(wrong);
    expect((error as { problems: { path: string[] }[] }).problems.map(({ path }) => path.join("."))).toEqual([
      "inputs.other",
      "inputs.latent",
      "outputs.values",
      "conditions.energy",
    ]);
  });

  it.for<[string, Record<string, readonly (number | string)[]>, RegExp]>([
    ["a free axis beside that of events", { latent: ["batch", "n"] }, /only the first may be free, and "n" is/],
    ["no axis of events", { latent: [] }, /all inputs need one first axis/],
    [
      "two axes of events",
      { latent: ["batch", 6], time: ["steps", 1] },
      /all inputs need one first axis.*batch and steps/,
    ],
  ])("does not fit a model with %s", async ([, shapes, message]) => {
    const graph = graphOf(shapes["time"] ? { inputs: { ...graphOf().inputs, time: [{ constant: 1 }] } } : {});
    expect(await problemsOf(graph, shapes)).toMatchObject({
      code: "TWIN_GENERATOR_GRAPH",
      message: expect.stringMatching(message),
    });
  });

  it.for<[string, readonly (number | string)[], RegExp]>([
    ["one row for all events", [1, 2, 3], /outputs.values: .*first axis must be that of events/],
    ["one number", [], /outputs.values: .*first axis must be that of events/],
    ["other axes", ["batch", 3, 2], /outputs.values.shape: .*\[3, 2\] is another order than dims \[a, b\] = \[2, 3\]/],
  ])("does not fit a model that gives %s", async ([, shape, message]) => {
    const model = Object.assign(new EchoModel(SHAPES), { outputs: { out: { dtype: "float32", shape } } });
    const graph = graphOf({ outputs: { values: { tensor: "out", dims: ["a", "b"], shape: [2, 3] } } });
    await expect(simulationOver(model, { graph })).rejects.toMatchObject({
      code: "TWIN_GENERATOR_GRAPH",
      message: expect.stringMatching(message),
    });
  });

  it("as an option that is wrong is a mistake in the composition", async () => {
    const graph = { ...graphOf(), name: "" } as GeneratorGraphInput;
    await expect(simulationOver(new EchoModel(SHAPES), { graph })).rejects.toMatchObject({
      code: "TWIN_INVALID_COMPOSITION",
      problems: [{ code: "TWIN_INVALID_OPTIONS", path: ["plugins", "shower", "graph", "name"] }],
    });
  });
});

describe("the JSON Schema of graphs", () => {
  it("describes every entry, and demands exactly one kind of segment and step", () => {
    const schema = JSON.stringify(generatorGraphJsonSchema());
    expect(schema).toContain('"oneOf":[{"required":["condition"]},{"required":["noise"]}');
    expect(schema).toContain("Lower end of the range that the model was trained in.");
    expect(GeneratorGraph.safeParse(graphOf()).success).toBe(true);
  });
});
