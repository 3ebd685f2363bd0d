import type { z } from "zod";
import type { Digest } from "../canonical/digest.ts";
import type { Needs } from "../kernel/plugin.ts";
import { InvalidPlanError } from "./errors.ts";
import type { AnyTask, Task } from "./task.ts";

/** Tasks that feed each other: a directed graph without cycles. Its plain form is {@link planDocument}. */
export interface Plan {
  readonly name: string;
  readonly steps: Readonly<Record<string, PlanStep>>;
}

/** One task of a plan, with all it is given. */
export interface PlanStep {
  readonly task: AnyTask;
  /** The part whose task it is, where several parts bring it. */
  readonly part?: string;
  /** Before defaults. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, PlanInput>>;
}

/** Where a step's input comes from: a file, or the output of another step. */
export type PlanInput = FileInput | StepOutput;

/** A file that is there before the run; an `artifact()` is one, too. */
export interface FileInput {
  /** Relative to the working directory, or absolute. */
  readonly file: string;
  /** SHA-256 that its bytes must have, where that is known. */
  readonly digest?: Digest;
}

/** A file that another step writes. */
export interface StepOutput {
  readonly step: string;
  readonly output: string;
}

/** The members that are not `undefined`: `{ count: undefined }` asks for the default, as in any call of JavaScript. */
export function given(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Names a file as an input of a step. */
export function file(path: string): FileInput {
  return { file: path };
}

/** A step that was added to a plan. */
export interface StepHandle<O extends string> {
  /** Its outputs, to be inputs of later steps. */
  readonly outputs: Readonly<Record<O, StepOutput>>;
}

/** Adds a step to the plan being defined. */
export type AddStep = <S extends z.ZodType, N extends Needs, I extends string, O extends string>(
  name: string,
  task: Task<S, N, I, O>,
  given?: {
    readonly parameters?: Partial<z.input<S>>;
    readonly inputs?: Readonly<Partial<Record<I, PlanInput>>>;
    /** The part whose task it is, where several parts of the twin bring it. */
    readonly part?: string;
  },
) => StepHandle<O>;

/**
 * Defines a plan. The types of the tasks check parameters, inputs and outputs; what types cannot see (a missing input, a
 * value out of range) is reported when the plan is run, before anything runs.
 *
 * @param name - Lower case, dashes.
 * @throws {@link InvalidPlanError} when a step's name is used twice or is not lower case with dashes.
 *
 * @example
 * const plan = definePlan("first-light", (step) => {
 *   const simulated = step("simulate", simulate, { parameters: { seed: 7 }, inputs: { energies: file("showers.h5") } });
 *   step("validate", validate, { inputs: { generated: simulated.outputs.showers, reference: file("showers.h5") } });
 * });
 */
export function definePlan(name: string, build: (step: AddStep) => void): Plan {
  const steps = new Map<string, PlanStep>();
  build((step, task, { parameters = {}, inputs = {}, part } = {}) => {
    if (steps.has(step)) throw new InvalidPlanError(name, [{ path: [step], message: "Two steps have this name." }]);
    steps.set(step, {
      task,
      ...(part !== undefined && { part }),
      parameters: given(parameters),
      inputs: given(inputs) as Record<string, PlanInput>,
    });
    const outputs = Object.keys(task.outputs).map((output) => [output, { step, output }]);
    return { outputs: Object.fromEntries(outputs) };
  });
  return { name, steps: Object.fromEntries(steps) };
}
