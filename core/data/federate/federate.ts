import { createHash } from "node:crypto";
import type { OpenDataset } from "../../contracts/connector.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { WATCH, type WatchableDataset } from "../access/watch-reads.ts";
import type { OnRead } from "../access/watched.ts";
import { concatenate } from "./concatenate.ts";
import { type FederatedPlace, FederatedView } from "./federated-view.ts";
import type { Layout } from "./layout.ts";
import { Members } from "./members.ts";
import { merge } from "./merge.ts";
import type { FederateOptions } from "./options.ts";
import type { FederatedPart, FederationReport } from "./report.ts";

/** Several datasets as one. */
export interface FederatedDataset extends OpenDataset {
  readonly format: "federation";
  /** The parts, in the given order; `state` and `error` change as they are read. */
  readonly parts: readonly FederatedPart[];
  readonly report: FederationReport;
  /**
   * The part that holds a value, and where in it.
   *
   * @param path - Of the variable.
   * @param index - Per dimension.
   * @throws `TWIN_VARIABLE_NOT_FOUND`, `TWIN_INVALID_SELECTION`.
   */
  locate(path: string, index: Readonly<Record<string, number>>): FederatedPlace;
}

/**
 * Makes one dataset of many. Headers are read now, and the coordinate along which parts follow each other; values when
 * they are asked for, from the parts that have them.
 *
 * Closing it closes all parts. It is a dataset like any other, so it can be a part of another federation.
 *
 * @throws `TWIN_PARTS_DISAGREE`; `TWIN_PART_UNAVAILABLE` when no part can be opened, or one cannot that must be.
 *
 * @example
 * await using tas = await federate({
 *   along: "time",
 *   parts: await datasetParts("archive/tas_*.nc", connectors),
 *   units: { tas: "degC" },
 * });
 * tas.report.gaps; // => []
 * await tas.variables.tas?.read({ time: { from: 0, to: 30 } });
 */
export async function federate(options: FederateOptions): Promise<FederatedDataset> {
  checkOptions(options);
  const { parts, along, signal } = options;
  const location = `federation of ${parts.length} part${parts.length === 1 ? "" : "s"}`;
  const members = new Members(options, location);
  try {
    signal?.throwIfAborted();
    const layout = await (along === undefined ? merge(members, options) : concatenate(members, along, options));
    members.opened();
    return new Federation(members, layout, options);
  } catch (error) {
    await members.pool.close();
    throw error;
  }
}

class Federation extends FederatedView implements FederatedDataset, WatchableDataset {
  readonly format = "federation";
  readonly location: string;
  readonly version?: string;
  readonly parts: readonly FederatedPart[];
  readonly report: FederationReport;
  readonly #members: Members;
  readonly #layout: Layout;
  readonly #options: FederateOptions;

  constructor(members: Members, layout: Layout, options: FederateOptions, onRead?: OnRead) {
    super(members, layout, options, onRead);
    this.#members = members;
    this.#layout = layout;
    this.#options = options;
    this.location = members.location;
    this.parts = partsOf(members, layout);
    this.report = { ...layout.report, ...this.conversions() };
    const version = versionOf(members);
    if (version !== undefined) this.version = version;
  }

  [WATCH](onRead: OnRead): OpenDataset {
    // Which part a value is in was decided by these.
    for (const read of this.#members.openingReads) onRead(read);
    return new Federation(this.#members, this.#layout, this.#options, onRead);
  }

  async close(): Promise<void> {
    await this.#members.pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function partsOf(members: Members, { extents }: Layout): readonly FederatedPart[] {
  const opened = new Map(members.members.map((member) => [member.state, member]));
  return members.states.map((state): FederatedPart => {
    const member = opened.get(state);
    const attributes = (): FederatedPart["facts"] => {
      if (!member) return undefined;
      const { location, format, version, groups, variables } = member.facts;
      return {
        ...{ location, format, version },
        attributes: groups.get("")?.attributes ?? {},
        variables: Object.fromEntries([...variables].map(([path, variable]) => [path, variable.attributes])),
        extent: extents.get(member),
      };
    };
    return {
      name: state.part.name,
      get state() {
        return state.error === undefined ? "available" : "unavailable";
      },
      get error() {
        return state.error === undefined
          ? undefined
          : state.error instanceof Error
            ? state.error
            : new Error(String(state.error));
      },
      get facts() {
        return attributes();
      },
    };
  });
}

/** Changes when a part does; `undefined` where a part tells no version. */
function versionOf({ members }: Members): string | undefined {
  const hash = createHash("sha256");
  for (const { name, facts } of members) {
    if (facts.version === undefined) return undefined;
    hash.update(`${JSON.stringify([name, facts.version])}\n`);
  }
  return hash.digest("hex").slice(0, 32);
}

function checkOptions({ parts, concurrency = 1, maxOpen = 1 }: FederateOptions): void {
  if (parts.length === 0) throw new InvalidArgumentError("A federation needs one part or more; `parts` is empty.");
  const names = new Set<string>();
  for (const { name } of parts) {
    if (names.has(name))
      throw new InvalidArgumentError(`Two parts of the federation are called "${name}". Give each a name of its own.`);
    names.add(name);
  }
  for (const [option, value] of Object.entries({ concurrency, maxOpen })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new InvalidArgumentError(`${option} is ${value}; it must be a whole number of 1 or more.`);
  }
}
