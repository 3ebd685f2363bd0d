import type { JsonValue } from "../../canonical/json-value.ts";
import type { RunRecord, StepRecord } from "../../run/run-record.ts";
import { redactLocation } from "../../sources/redact.ts";
import { stepsInOrder } from "../step-order.ts";
import { hexOf } from "./crate-files.ts";
import { type CrateGraph, type Entity, type Reference, reference } from "./crate-graph.ts";

/** File of the crate that is its workflow. */
export const PLAN_FILE = "plan.json";

/** What the entities of a run are made with. */
export interface RunEntitiesOptions {
  /** The entity of a file that a step read. */
  inputOf(step: string, input: string): Reference;
  /** The entity of a file that a step wrote. */
  outputOf(step: string, output: string): Reference;
  readonly agent: Reference | undefined;
}

/**
 * Adds what was run to a crate: the plan as a workflow with its steps and tools, the run and each step as actions, the
 * engine that organised them.
 *
 * @see https://w3id.org/ro/wfrun/provenance/0.5 and the profiles that it builds on.
 */
export class RunEntities {
  readonly #graph: CrateGraph;
  readonly #record: RunRecord;
  readonly #options: RunEntitiesOptions;
  readonly #run: string;

  constructor(graph: CrateGraph, record: RunRecord, options: RunEntitiesOptions) {
    this.#graph = graph;
    this.#record = record;
    this.#options = options;
    this.#run = runId(record);
  }

  add(): void {
    const { state, startedAt, endedAt, plan, twin } = this.#record;
    const run: Entity = {
      "@id": this.#run,
      "@type": "CreateAction",
      name: `Run of plan "${plan.name}"`,
      description: `Plan "${plan.name}" of twin "${twin.name}", run by Twinloom.`,
      identifier: this.#record.id,
      instrument: reference(PLAN_FILE),
      startTime: timeOf(startedAt),
      endTime: timeOf(endedAt),
      agent: this.#options.agent,
      ...status(state, this.#error),
    };
    this.#graph.link("./", "mentions", this.#graph.add(run));
    this.#addModels();
    const controls = stepsInOrder(this.#record).map(([name, step], index) => this.#addStep(name, step, index));
    const done = controls.filter((control) => control !== undefined);
    this.#addEngine(done);
  }

  /** Why the run failed: what the first step that failed says. */
  get #error(): string | undefined {
    return Object.values(this.#record.steps).find(({ error }) => error)?.error?.message;
  }

  #addEngine(controls: readonly Reference[]): void {
    const { engine } = this.#record.environment;
    const application = this.#graph.add({
      "@id": "#twinloom",
      "@type": "SoftwareApplication",
      name: "Twinloom",
      softwareVersion: engine,
    });
    if (controls.length === 0) return;
    const organized = this.#graph.add({
      "@id": `${this.#run}/engine`,
      "@type": "OrganizeAction",
      name: `Run of Twinloom ${engine}`,
      instrument: application,
      object: controls,
      result: reference(this.#run),
      startTime: timeOf(this.#record.startedAt),
      endTime: timeOf(this.#record.endedAt),
      agent: this.#options.agent,
      ...status(this.#record.state, this.#error),
    });
    this.#graph.link("./", "mentions", organized);
  }

  /** Models that the twin had; their files are in the crate of a version. */
  #addModels(): void {
    for (const [part, { name, digest }] of Object.entries(this.#record.environment.models ?? {})) {
      const model = this.#graph.add({
        "@id": modelId(part),
        "@type": "CreativeWork",
        name: `Model "${name}" of part "${part}"`,
        sha256: digest === null ? undefined : hexOf(digest as `sha256:${string}`),
      });
      this.#graph.link(this.#run, "object", model);
    }
  }

  /** @returns The action of the engine that started the step; `undefined` for a step that was not started. */
  #addStep(name: string, step: StepRecord, index: number): Reference | undefined {
    const tool = this.#addTool(step);
    const howTo = this.#graph.add({
      "@id": stepId(name),
      "@type": "HowToStep",
      name,
      position: String(index),
      workExample: tool,
    });
    this.#graph.link(PLAN_FILE, "step", howTo);
    this.#addConnections(name);
    if (step.state === "skipped") return undefined;
    this.#graph.link(PLAN_FILE, "hasPart", tool);
    const action = this.#graph.add({
      "@id": this.#actionId(name),
      "@type": "CreateAction",
      name: `Step "${name}"`,
      description: `Task "${step.task}", run as step "${name}".`,
      instrument: tool,
      startTime: timeOf(step.startedAt),
      endTime: timeOf(step.endedAt),
      agent: this.#options.agent,
      ...status(step.state, step.error?.message),
    });
    this.#graph.link("./", "mentions", action);
    this.#addInputs(name, step);
    this.#addOutputs(name, step);
    return this.#graph.add({
      "@id": `${this.#run}/control/${name}`,
      "@type": "ControlAction",
      name: `Orchestration of step "${name}"`,
      instrument: howTo,
      object: action,
      ...status(step.state, step.error?.message),
    });
  }

  #actionId(step: string): string {
    return `${this.#run}/step/${step}`;
  }

  #addTool({ task }: StepRecord): Reference {
    return this.#graph.add({
      "@id": taskId(task),
      "@type": "SoftwareApplication",
      name: `Task "${task}" of Twinloom`,
    });
  }

  #addInputs(name: string, step: StepRecord): void {
    const action = this.#actionId(name);
    const asked = this.#record.plan.steps[name]?.inputs ?? {};
    for (const input of Object.keys(step.inputs)) {
      const entity = this.#options.inputOf(name, input);
      this.#graph.link(action, "object", entity);
      this.#exemplify(entity, this.#toolParameter(step, "input", input, "File"));
      if (typeof asked[input] === "string") continue;
      this.#graph.link(this.#run, "object", entity);
      this.#exemplify(entity, this.#planParameter("input", `${name}.${input}`, "File"));
    }
    for (const [key, value] of Object.entries(step.parameters as Readonly<Record<string, JsonValue>>)) {
      const entity = this.#addValue(`${name}.${key}`, value);
      this.#graph.link(action, "object", entity);
      this.#graph.link(this.#run, "object", entity);
      this.#exemplify(entity, this.#toolParameter(step, "input", key, typeOf(value)));
      this.#exemplify(entity, this.#planParameter("input", `${name}.${key}`, typeOf(value)));
    }
    for (const { location, version, digest } of step.reads?.sources ?? []) {
      const shown = redactLocation(location);
      const source = this.#graph.add({
        "@id": `#read/${name}/${encodeURIComponent(shown)}`,
        "@type": "CreativeWork",
        name: shown.replace(/^.*\//, ""),
        version: version ?? undefined,
        sha256: digest === undefined ? undefined : hexOf(digest),
        // A path of this machine is of no use to anybody else.
        url: /^[a-z][a-z0-9+.-]+:\/\//i.test(shown) ? shown : undefined,
      });
      this.#graph.link(action, "object", source);
    }
  }

  #addOutputs(name: string, step: StepRecord): void {
    const action = this.#actionId(name);
    for (const output of Object.keys(step.outputs)) {
      const entity = this.#options.outputOf(name, output);
      this.#graph.link(action, "result", entity);
      this.#graph.link(this.#run, "result", entity);
      this.#exemplify(entity, this.#toolParameter(step, "output", output, "File"));
      this.#exemplify(entity, this.#planParameter("output", `${name}.${output}`, "File"));
    }
    if (step.result === null) return;
    const result = this.#addValue(`${name} (result)`, step.result);
    this.#graph.link(action, "result", result);
  }

  /** Which output of which step an input is: the arrows of the plan. */
  #addConnections(name: string): void {
    const { plan, steps } = this.#record;
    for (const [input, from] of Object.entries(plan.steps[name]?.inputs ?? {})) {
      if (typeof from !== "string") continue;
      const [source = "", output = ""] = from.split(".");
      const [before, step] = [steps[source], steps[name]];
      if (before === undefined || step === undefined) continue;
      const connection = this.#graph.add({
        "@id": `${PLAN_FILE}#connection/${encodeURIComponent(`${name}.${input}`)}`,
        "@type": "ParameterConnection",
        sourceParameter: this.#toolParameter(before, "output", output, "File"),
        targetParameter: this.#toolParameter(step, "input", input, "File"),
      });
      this.#graph.link(stepId(name), "connection", connection);
      this.#graph.link(PLAN_FILE, "connection", connection);
    }
  }

  #addValue(name: string, value: JsonValue): Reference {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return this.#graph.add({
      "@id": `#value/${encodeURIComponent(name)}`,
      "@type": "PropertyValue",
      name,
      value: text,
    });
  }

  #toolParameter({ task }: StepRecord, kind: "input" | "output", name: string, type: string): Reference {
    const tool = taskId(task);
    const parameter = this.#graph.add(formalParameter(`${tool}/${kind}/${encodeURIComponent(name)}`, name, type));
    this.#graph.link(tool, kind, parameter);
    return parameter;
  }

  #planParameter(kind: "input" | "output", name: string, type: string): Reference {
    const parameter = this.#graph.add(formalParameter(`${PLAN_FILE}#${kind}/${encodeURIComponent(name)}`, name, type));
    this.#graph.link(PLAN_FILE, kind, parameter);
    return parameter;
  }

  #exemplify(entity: Reference, parameter: Reference): void {
    this.#graph.link(entity["@id"], "exampleOfWork", parameter);
  }
}

export function runId({ id }: RunRecord): string {
  return `#run/${id}`;
}

/** Ids have a slash where names that somebody chose have none, so that no two things have one id. */
export function modelId(part: string): string {
  return `#model/${encodeURIComponent(part)}`;
}

function stepId(step: string): string {
  return `${PLAN_FILE}#step/${step}`;
}

function taskId(task: string): string {
  return `#task/${encodeURIComponent(task)}`;
}

function formalParameter(id: string, name: string, type: string): Entity {
  const conformsTo = reference("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE");
  return { "@id": id, "@type": "FormalParameter", name, additionalType: type, conformsTo };
}

/** In the words of schema.org. */
function typeOf(value: JsonValue): string {
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "Integer" : "Float";
  return "Text";
}

function status(
  state: StepRecord["state"],
  error: string | undefined,
): { readonly actionStatus: string; readonly error?: string } {
  if (state === "succeeded") return { actionStatus: "http://schema.org/CompletedActionStatus" };
  return { actionStatus: "http://schema.org/FailedActionStatus", error: error ?? "It was canceled." };
}

/** With an offset in digits: validators know ISO 8601 no other way. */
function timeOf(time: string | null): string | undefined {
  return time?.replace(/Z$/, "+00:00");
}
