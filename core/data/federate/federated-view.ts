import type { OnRead } from "../access/watched.ts";
import type { Attributes, Dataset, Dimension, Variable } from "../dataset.ts";
import { InvalidSelectionError } from "../errors.ts";
import { findVariable } from "../tree.ts";
import { commonAttributes, commonStorage, variableAttributes } from "./agree.ts";
import { checkComplete } from "./completeness.ts";
import { FederatedVariable, type PartReader } from "./federated-variable.ts";
import { HeldVariable } from "./held-variable.ts";
import type { Layout, VariablePlan } from "./layout.ts";
import type { Member, Members } from "./members.ts";
import type { FederateOptions } from "./options.ts";
import type { VariableFacts } from "./part.ts";
import { calendarName, converterTo, isRescaled } from "./reconcile.ts";
import type { FederatedConversion, FederationReport } from "./report.ts";
import { type Run, type Stretch, stretchesOf } from "./runs.ts";
import { SharedCoordinates } from "./shared-coordinates.ts";

/** Where a value of a federation lies. */
export interface FederatedPlace {
  /** Name of the part. */
  readonly part: string;
  /** Where the part was opened from. */
  readonly location: string;
  /** Path of the variable in the part. */
  readonly path: string;
  /** Index of the value in the part, per dimension of the part. */
  readonly index: Readonly<Record<string, number>>;
}

/** The dataset that a layout makes of its parts. Views with different listeners share the parts. */
export class FederatedView implements Dataset {
  readonly name = "";
  readonly dims: Readonly<Record<string, Dimension>>;
  readonly variables: Readonly<Record<string, Variable>>;
  readonly coordinates: readonly string[];
  readonly attributes: Attributes;
  readonly groups: Readonly<Record<string, Dataset>>;
  readonly #members: Members;
  readonly #layout: Layout;
  readonly #options: FederateOptions;
  readonly #onRead: OnRead | undefined;
  readonly #shared: SharedCoordinates;

  constructor(members: Members, layout: Layout, options: FederateOptions, onRead?: OnRead) {
    this.#members = members;
    this.#layout = layout;
    this.#options = options;
    this.#onRead = onRead;
    this.#shared = new SharedCoordinates(members, options.tolerance ?? {});
    const root = this.#group("", "");
    this.dims = root.dims;
    this.variables = root.variables;
    this.coordinates = root.coordinates;
    this.attributes = root.attributes;
    this.groups = root.groups;
  }

  locate(path: string, index: Readonly<Record<string, number>>): FederatedPlace {
    const variable = findVariable(this, path);
    const plan = this.#layout.plans.get(variable.path) as VariablePlan;
    const { runs, partAxis, part: only } = plan.origin;
    const stretches = variable.dims.map((dim, number): Stretch => {
      const length = variable.shape[number] as number;
      const given = index[dim] ?? 0;
      const start = given < 0 ? given + length : given;
      const [stretch] = stretchesOf(runs[number] as readonly Run[], { start, step: 1, count: 1 });
      if (stretch && Number.isInteger(start)) return stretch;
      throw new InvalidSelectionError(
        { variable: variable.path, dimension: dim },
        `index ${given} is outside dimension "${dim}", of length ${length}.`,
      );
    });
    const part = partAxis === undefined ? only : (stretches[partAxis] as Stretch).part;
    const member = this.#members.members[part] as Member;
    const own = member.facts.variables.get(variable.path);
    return {
      part: member.name,
      location: member.facts.location,
      path: own?.ownPath ?? variable.path,
      index: Object.fromEntries(
        variable.dims.map((dim, number) => [own?.ownDims[number] ?? dim, stretches[number]?.low ?? 0]),
      ),
    };
  }

  /** What is said of conversions and names. */
  protected conversions(): Pick<FederationReport, "converted" | "renamed"> {
    const converted: FederatedConversion[] = [];
    for (const { variables, form, path } of this.#layout.plans.values()) {
      for (const { part, facts } of variables) {
        if (isRescaled(facts.scale, form.scale)) {
          const isOtherCalendar = calendarName(facts.scale) !== calendarName(form.scale);
          const shown = (scale: typeof form.scale): string =>
            `${scale.unit}${isOtherCalendar ? ` (${calendarName(scale)})` : ""}`;
          converted.push({ part, variable: path, from: shown(facts.scale), to: shown(form.scale) });
        } else if (facts.dtype !== form.dtype) {
          converted.push({ part, variable: path, from: facts.dtype, to: form.dtype });
        }
      }
    }
    const renamed = this.#members.members.flatMap(({ name, facts }) =>
      [...facts.renamed].map(([from, to]) => ({ part: name, from, to })),
    );
    return { converted, renamed };
  }

  #group(path: string, name: string): Dataset {
    const { members } = this.#members;
    const having = members.flatMap(({ facts }) => facts.groups.get(path) ?? []);
    const plans = [...this.#layout.plans.values()].filter(
      (plan) => plan.path.slice(0, plan.path.lastIndexOf("/")) === path,
    );
    const variables = plans.map((plan): [string, Variable] => {
      const variable = this.#variable(plan);
      return [variable.name, variable];
    });
    const below = new Set(
      members.flatMap(({ facts }) =>
        [...facts.groups.keys()].filter((each) => each !== path && each.slice(0, each.lastIndexOf("/")) === path),
      ),
    );
    const dims = this.#dims(
      having.map((group) => group.dims),
      variables.map(([, variable]) => variable),
    );
    return {
      name,
      dims,
      variables: Object.fromEntries(variables),
      coordinates: variables
        .filter(([own, { dims: ownDims }]) => ownDims.length === 1 && ownDims[0] === own && Object.hasOwn(dims, own))
        .map(([own]) => own),
      attributes: commonAttributes(having.map((group) => group.attributes)),
      groups: Object.fromEntries(
        [...below].map((each) => {
          const own = each.slice(path.length + 1);
          return [own, this.#group(each, own)];
        }),
      ),
    };
  }

  /** Lengths as the variables have them; whether a dimension may grow as the first part says. */
  #dims(
    parts: readonly Readonly<Record<string, Dimension>>[],
    variables: readonly Variable[],
  ): Readonly<Record<string, Dimension>> {
    const dims = new Map<string, Dimension>();
    for (const own of parts) {
      for (const [name, dimension] of Object.entries(own)) if (!dims.has(name)) dims.set(name, dimension);
    }
    const { axis } = this.#layout;
    for (const { dims: names, shape } of variables) {
      names.forEach((name, number) => {
        const known = dims.get(name);
        if (known && known.length !== shape[number]) dims.set(name, { ...known, length: shape[number] as number });
      });
    }
    if (
      axis &&
      !dims.has(axis.dimension) &&
      variables.some((variable) => variable.dims.includes(axis.dimension)) &&
      !/^dim_\d+$/.test(axis.dimension)
    ) {
      dims.set(axis.dimension, { length: axis.values.length, unlimited: false });
    }
    return Object.fromEntries(dims);
  }

  #variable(plan: VariablePlan): Variable {
    const { path, form, variables, held, origin } = plan;
    const facts = (variables[0] as (typeof variables)[number]).facts;
    const attributes = variableAttributes(variables, form);
    const storage = commonStorage(variables);
    const checkOpen = (): void => this.#members.pool.checkOpen();
    if (held) {
      const { units, ...rest } = attributes;
      return new HeldVariable({
        name: facts.name,
        path,
        array: held,
        attributes: held.unit === undefined ? attributes : rest,
        storage,
        coordinateOf: () => held,
        checkOpen,
      });
    }
    const shape = origin.runs.map(lengthOf);
    return new FederatedVariable({
      ...{ name: facts.name, path, attributes, storage, shape },
      dtype: form.dtype,
      dims: facts.dims,
      unit: facts.unit === undefined ? undefined : form.scale.unit,
      fillValue: form.fillValue,
      origin: { ...origin, reader: (part) => this.#reader(part, plan) },
      coordinateOf: (dim) => this.#coordinate(path, dim),
      checkComplete: async (axes, selection, options) => {
        checkOpen();
        await checkComplete(
          this.#members,
          this.#layout,
          { variable: { path, dims: facts.dims }, axes, selection },
          { unavailable: this.#options.unavailable, signal: options.signal },
        );
      },
    });
  }

  #reader(part: number, plan: VariablePlan): PartReader | undefined {
    const own = this.#members.variableOf(part, plan.path);
    if (!own) return undefined;
    const member = this.#members.members[part] as Member;
    const { axis } = this.#layout;
    const dims = axis ? own.facts.dims.filter((dim) => dim !== axis.dimension) : [];
    return {
      dims: own.facts.ownDims,
      convert: converterTo(plan.form, own),
      readMany: (selections, { signal, onRead = this.#onRead }) =>
        this.#shared.read(member, { variable: own.facts as VariableFacts, selections, dims }, { signal, onRead }),
    };
  }

  #coordinate(path: string, dim: string): Variable | undefined {
    for (let group = path; group !== ""; ) {
      group = group.slice(0, group.lastIndexOf("/"));
      const plan = this.#layout.plans.get(`${group}/${dim}`);
      if (plan && plan.variables[0]?.facts.dims.join() === dim) return this.#variable(plan);
    }
    return undefined;
  }
}

function lengthOf(runs: readonly Run[]): number {
  const last = runs.at(-1);
  return last ? last.start + last.count : 0;
}
