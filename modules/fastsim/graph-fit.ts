import {
  convertUnits,
  describeNames,
  describeTensor,
  type Model,
  type SchemaProblem,
  type TensorSpec,
} from "../../core/index.ts";
import type { GeneratorGraph, GraphStep } from "./graph-schema.ts";
import { segmentsLength } from "./input-plan.ts";
import { noisePurpose } from "./noise.ts";
import { layoutProblem } from "./output-plan.ts";

type Path = readonly (string | number)[];

/** Everything in which a graph contradicts itself or its model. */
export function checkFit(graph: GeneratorGraph, model: Pick<Model, "inputs" | "outputs">): readonly SchemaProblem[] {
  return [...checkInputs(graph, model), ...checkOutputs(graph, model), ...checkConditions(graph), ...checkNoise(graph)];
}

/** Number of rows that every run of a model must have; `undefined` where any number will do. */
export function fixedRows({ inputs }: Pick<Model, "inputs">): number | undefined {
  const axes = new Set(Object.values(inputs).map(({ shape }) => shape[0]));
  const [rows] = axes;
  return axes.size === 1 && typeof rows === "number" ? rows : undefined;
}

function checkInputs(graph: GeneratorGraph, model: Pick<Model, "inputs">): SchemaProblem[] {
  const names = Object.keys(model.inputs);
  const unknown = Object.keys(graph.inputs)
    .filter((name) => !Object.hasOwn(model.inputs, name))
    .map(
      (name): SchemaProblem => ({
        path: ["inputs", name],
        message: `The model has no such input. ${describeNames(name, names)}`,
      }),
    );
  const batch = new Set(Object.values(model.inputs).map(({ shape }) => shape[0]));
  const unfit = names.flatMap((name): SchemaProblem[] => {
    const message = inputProblem(graph, name, model.inputs[name] as TensorSpec, batch);
    return message === undefined ? [] : [{ path: ["inputs", name], message }];
  });
  return [...unknown, ...unfit];
}

function inputProblem(
  graph: GeneratorGraph,
  name: string,
  spec: TensorSpec,
  batch: ReadonlySet<number | string | undefined>,
): string | undefined {
  const segments = Object.hasOwn(graph.inputs, name) ? graph.inputs[name] : undefined;
  const tensor = describeTensor(spec);
  if (segments === undefined) return `Missing: the model needs this input, ${tensor}; say what it is made of.`;
  if (spec.dtype !== "float32") return `The model takes ${tensor}; only float32 can be made.`;
  const [first, ...rest] = spec.shape;
  if (first === undefined || batch.size > 1) {
    return `The model takes ${tensor}; all inputs need one first axis, that of events (it is ${[...batch].join(" and ")}).`;
  }
  const free = rest.find((length) => typeof length === "string");
  if (free !== undefined) return `The model takes ${tensor}; of its axes only the first may be free, and "${free}" is.`;
  const width = (rest as number[]).reduce((product, length) => product * length, 1);
  const length = segmentsLength(segments);
  return length === width
    ? undefined
    : `The model takes ${tensor}, ${width} values per event; its segments have ${length}.`;
}

function checkOutputs(graph: GeneratorGraph, model: Pick<Model, "inputs" | "outputs">): SchemaProblem[] {
  const names = Object.keys(model.outputs);
  const rows = fixedRows(model);
  return Object.entries(graph.outputs).flatMap(([name, output]): SchemaProblem[] => {
    const path = ["outputs", name];
    const { tensor = name } = output;
    const spec = Object.hasOwn(model.outputs, tensor) ? model.outputs[tensor] : undefined;
    if (!spec) return [{ path, message: `The model has no output "${tensor}". ${describeNames(tensor, names)}` }];
    const there = `The model gives ${describeTensor(spec)}`;
    if (spec.dtype !== "float32") return [{ path, message: `${there}; only float32 can be taken.` }];
    const [first, ...rest] = spec.shape;
    if (first === undefined || (typeof first === "number" && first !== rows)) {
      return [{ path, message: `${there}; its first axis must be that of events, as the inputs have it.` }];
    }
    // Exporters often leave lengths open; what then comes is checked when it does.
    if (rest.some((length) => typeof length === "string")) return [];
    const problem = layoutProblem(output, rest as number[]);
    const entry = output.axes === undefined ? "shape" : "axes";
    return problem === undefined ? [] : [{ path: [...path, entry], message: `${there}: ${problem}.` }];
  });
}

/** Conditions that are used but not declared, declared but not used, or asked for in a unit that they do not have. */
function checkConditions(graph: GeneratorGraph): SchemaProblem[] {
  const used = new Set<string>();
  const problems: SchemaProblem[] = [];
  const check = (name: string, unit: string | undefined, path: Path): void => {
    used.add(name);
    const condition = Object.hasOwn(graph.conditions, name) ? graph.conditions[name] : undefined;
    if (condition === undefined) {
      problems.push({ path, message: `No such condition. ${describeNames(name, Object.keys(graph.conditions))}` });
      return;
    }
    try {
      convertUnits(condition.unit, unit ?? condition.unit);
    } catch (error) {
      problems.push({
        path: unit === undefined ? path : [...path.slice(0, -1), "unit"],
        message: (error as Error).message,
      });
    }
  };
  const checkSteps = (steps: readonly GraphStep[], path: Path): void => {
    for (const [index, { times, over, unit }] of steps.entries()) {
      if (times !== undefined) check(times, unit, [...path, "steps", index, "times"]);
      if (over !== undefined) check(over, unit, [...path, "steps", index, "over"]);
    }
  };
  for (const [name, segments] of Object.entries(graph.inputs)) {
    for (const [index, { condition, unit, steps }] of segments.entries()) {
      if (condition !== undefined) check(condition, unit, ["inputs", name, index, "condition"]);
      checkSteps(steps, ["inputs", name, index]);
    }
  }
  for (const [name, { steps }] of Object.entries(graph.outputs)) checkSteps(steps, ["outputs", name]);
  for (const name of Object.keys(graph.conditions).filter((each) => !used.has(each))) {
    problems.push({ path: ["conditions", name], message: "Nothing in `inputs` or `outputs` uses it." });
  }
  return problems;
}

/** Two segments must not have the same numbers: one chance in 4 billion, told rather than lived with. */
function checkNoise(graph: GeneratorGraph): SchemaProblem[] {
  const seen = new Map<number, string>();
  return Object.entries(graph.inputs).flatMap(([name, segments]) =>
    segments.flatMap(({ noise }, index): SchemaProblem[] => {
      if (noise === undefined) return [];
      const purpose = noisePurpose(name, index);
      const other = seen.get(purpose);
      seen.set(purpose, `${name}/${index}`);
      if (other === undefined) return [];
      return [{ path: ["inputs", name, index], message: `Its noise would be that of ${other}; rename the input.` }];
    }),
  );
}
