import {
  convertUnits,
  type Dataset,
  describeNames,
  findVariable,
  InvalidArgumentError,
  type TimeAxis,
  type Variable,
  walk,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import type { IndexDefinition, IndexInput } from "./definition.ts";

/** A variable that an index is computed from, and what becomes of its values. */
export interface FoundInput {
  readonly input: IndexInput;
  readonly variable: Variable;
  /** What the values are converted to: the unit of the input, or one of an amount in a day for one of a rate. */
  readonly unit: string;
}

/**
 * The variables that an index is computed from: those that are named for it, else those of the usual names, else those of the CF
 * standard name whose `cell_methods` say what is needed.
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID` where there is none or more than one, where it has no unit or one of something else;
 *   `TWIN_VARIABLE_NOT_FOUND` for a name that is none; `TWIN_INVALID_ARGUMENT` where a name is given for an input that there is not.
 */
export function findInputs(
  dataset: Dataset,
  definition: IndexDefinition,
  names: Readonly<Record<string, string>> = {},
): readonly FoundInput[] {
  const inputs = definition.inputs.map(({ name }) => name);
  for (const given of Object.keys(names)) {
    if (!inputs.includes(given)) {
      throw new InvalidArgumentError(`${definition.name} has no input "${given}". ${describeNames(given, inputs)}`);
    }
  }
  return definition.inputs.map((input) => {
    const given = Object.hasOwn(names, input.name) ? names[input.name] : undefined;
    const variable = given === undefined ? findInput(dataset, definition, input) : findVariable(dataset, given);
    return { input, variable, unit: unitOf(definition, input, variable) };
  });
}

function findInput(dataset: Dataset, definition: IndexDefinition, input: IndexInput): Variable {
  const own = Object.hasOwn(dataset.variables, input.name) ? dataset.variables[input.name] : undefined;
  if (own) return own;
  const standardNames = [input.standardName, ...(input.otherStandardNames ?? [])];
  const alike = [...walk(dataset)].filter(({ attributes }) =>
    standardNames.includes(String(attributes["standard_name"] ?? "").split(/\s+/)[0] as string),
  );
  const fitting = alike.filter((variable) => hasMethod(variable, input.cellMethod));
  if (fitting.length === 1) return fitting[0] as Variable;
  const needed = `${definition.name} needs "${input.name}" (${input.standardName}${input.cellMethod ? `, ${input.cellMethod} of each ${definition.steps ?? "day"}` : ""})`;
  const give = `Name the variable: variables: { ${input.name}: "…" }.`;
  if (fitting.length > 1) {
    throw new ClimateInputError(
      `${needed}; several variables are that: ${fitting.map(({ path }) => path.slice(1)).join(", ")}. ${give}`,
    );
  }
  const seen =
    alike.length > 0
      ? `${alike.map((each) => `"${each.path.slice(1)}" has the standard name, but its cell_methods ${methodText(each)}`).join("; ")}`
      : `the dataset has ${namesOf(dataset)}`;
  throw new ClimateInputError(`${needed}; ${seen}. ${give}`);
}

/** CF `cell_methods` as lower-case text; empty where there are none. */
function hasMethod({ attributes }: Variable, method: IndexInput["cellMethod"]): boolean {
  if (method === undefined) return true;
  const text = attributes["cell_methods"];
  return typeof text === "string" && new RegExp(`\\b${method}\\b`).test(text);
}

function methodText({ attributes }: Variable): string {
  const text = attributes["cell_methods"];
  return typeof text === "string" ? `are "${text}"` : "are not stated";
}

function namesOf(dataset: Dataset): string {
  const names = [...walk(dataset)].map(({ path }) => path.slice(1));
  if (names.length === 0) return "no variables";
  return names.length > 12 ? `${names.slice(0, 12).join(", ")}, … (${names.length} in all)` : names.join(", ");
}

function unitOf(definition: IndexDefinition, { name, unit, context }: IndexInput, variable: Variable): string {
  const needed = `${definition.name} needs "${name}" in ${unit}, or what can be converted to it`;
  if (variable.unit === undefined) {
    throw new ClimateInputError(
      `${needed}; "${variable.path.slice(1)}" has no unit. Write one into its attribute units.`,
    );
  }
  // An amount in each step of a day is a rate per day.
  const [amount] = definition.steps === "month" ? [] : (/^(.*)(?:\/day| day-1)$/.exec(unit)?.slice(1) ?? []);
  const units = [unit, ...(amount === undefined ? [] : [amount])];
  let cause: unknown;
  for (const each of units) {
    try {
      convertUnits(variable.unit, each, { context });
      return each;
    } catch (error) {
      cause ??= error;
    }
  }
  throw new ClimateInputError(
    `${needed}; "${variable.path.slice(1)}" is in "${variable.unit}". ${cause instanceof Error ? cause.message : ""}`,
    { cause },
  );
}

/** @throws `TWIN_CLIMATE_INPUT_INVALID` where steps are not what the index is defined for. */
export function checkSteps(axis: TimeAxis, definition: IndexDefinition): void {
  const wanted = definition.steps ?? "day";
  if ((wanted !== "month" && isDaily(axis)) || (wanted !== "day" && isMonthly(axis))) return;
  const { step } = axis;
  const came =
    step === undefined
      ? axis.length < 2
        ? `there is ${axis.length === 0 ? "no step" : "one step only"}`
        : "steps are not of one length"
      : "months" in step
        ? `a step is ${step.months === 1 ? "a month" : `${step.months} months`}`
        : `a step is ${step.seconds % 86_400 === 0 ? `${step.seconds / 86_400} days` : `${step.seconds / 3600} hours`}`;
  throw new ClimateInputError(
    `${definition.name} is defined for ${STEPS[wanted]} data; along "${axis.dim}" ${came}. Give ${STEPS[wanted]} data; \`resample\` makes them of shorter steps.`,
  );
}

const STEPS = { day: "daily", month: "monthly", "day or month": "daily or monthly" } as const;

function isDaily({ step }: TimeAxis): boolean {
  return step !== undefined && "seconds" in step && step.seconds === 86_400;
}

/** Months of a calendar whose months are all alike are a number of seconds. */
function isMonthly({ step, time }: TimeAxis): boolean {
  if (step === undefined) return false;
  if ("months" in step) return step.months === 1;
  return time.calendar === "360_day" && step.seconds === 30 * 86_400;
}
