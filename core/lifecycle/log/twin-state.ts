import type { Digest } from "../../canonical/digest.ts";
import type { Attestation, Change, Descriptor, Event, VersionState } from "../schema.ts";
import { EVIDENCE, TRANSITIONS } from "./transitions.ts";

/** A sealed version, as the log of its twin has it. */
export interface VersionEntry {
  readonly twin: string;
  /** Digest of its manifest: its identity. */
  readonly digest: Digest;
  readonly descriptor: Descriptor;
  /** 7 for v7. */
  readonly number: number;
  readonly state: VersionState;
  /** Why it has this state; `null` for a sealed one, and where nobody said. */
  readonly stateReason: string | null;
  /** Names that point at it now, sorted. */
  readonly aliases: readonly string[];
  /** ISO 8601, by the clock of the machine that sealed it. */
  readonly sealedAt: string;
  /** Who sealed it, and why. */
  readonly actor: string;
  readonly reason: string | null;
}

/** An attestation of a version; what it says is in the object store. */
export interface AttestationEntry {
  readonly descriptor: Descriptor;
  readonly kind: Attestation["kind"];
  readonly verdict: Attestation["verdict"];
  /** Number of its event: what is newer has a larger one. */
  readonly sequence: number;
}

/** One move of an alias. */
export interface AliasMove {
  readonly alias: string;
  readonly from: Digest | null;
  readonly to: Digest | null;
  readonly isRollback: boolean;
  readonly sequence: number;
}

/** What the log of a twin adds up to. */
export interface TwinState {
  readonly twin: string;
  /** In the order of their numbers. */
  readonly versions: ReadonlyMap<Digest, VersionEntry>;
  readonly aliases: ReadonlyMap<string, Digest>;
  /** Every move of every alias, the oldest first. */
  readonly moves: readonly AliasMove[];
  /** By version, the oldest first. */
  readonly attestations: ReadonlyMap<Digest, readonly AttestationEntry[]>;
  /** Run records by version, the oldest first. */
  readonly runs: ReadonlyMap<Digest, readonly { readonly id: string; readonly descriptor: Descriptor }[]>;
  /** The newest event; `undefined` for a twin that has none. */
  readonly head: { readonly sequence: number; readonly digest: Digest } | undefined;
}

/** Adds up the events of one twin. */
export class TwinFold {
  readonly #twin: string;
  readonly #versions = new Map<Digest, VersionEntry>();
  readonly #aliases = new Map<string, Digest>();
  readonly #moves: AliasMove[] = [];
  readonly #attestations = new Map<Digest, AttestationEntry[]>();
  readonly #runs = new Map<Digest, { readonly id: string; readonly descriptor: Descriptor }[]>();
  #head: TwinState["head"];
  #state: TwinState | undefined;

  constructor(twin: string) {
    this.#twin = twin;
  }

  get head(): TwinState["head"] {
    return this.#head;
  }

  /** What is wrong with a change: it cannot follow the events so far. */
  problem(change: Change): string | undefined {
    return changeProblem(
      { versions: this.#versions, aliases: this.#aliases, attestations: this.#attestations },
      change,
    );
  }

  /** The state after the events so far; it does not change with later ones. */
  get state(): TwinState {
    this.#state ??= {
      twin: this.#twin,
      versions: new Map(this.#versions),
      aliases: new Map(this.#aliases),
      moves: [...this.#moves],
      attestations: copied(this.#attestations),
      runs: copied(this.#runs),
      head: this.#head,
    };
    return this.#state;
  }

  /** Adds an event that has no problem. @param digest - Of its text. */
  add(event: Event, digest: Digest): void {
    this.#state = undefined;
    this.#head = { sequence: event.sequence, digest };
    const { change, sequence } = event;
    switch (change.type) {
      case "sealed":
        this.#versions.set(change.version.digest, {
          twin: this.#twin,
          digest: change.version.digest,
          descriptor: change.version,
          number: change.number,
          state: "sealed",
          stateReason: null,
          aliases: [],
          sealedAt: event.at,
          actor: event.actor,
          reason: event.reason,
        });
        break;
      case "aliasMoved":
        this.#move(change, sequence);
        break;
      case "stateChanged":
        this.#update(change.version, { state: change.to, stateReason: event.reason });
        break;
      case "attested": {
        const { attestation: descriptor, kind, verdict } = change;
        append(this.#attestations, change.version, { descriptor, kind, verdict, sequence });
        break;
      }
      case "ran":
        append(this.#runs, change.version, { id: change.id, descriptor: change.run });
        break;
      case "commented":
        break;
    }
  }

  #move({ alias, from, to, isRollback }: Extract<Change, { type: "aliasMoved" }>, sequence: number): void {
    this.#moves.push({ alias, from, to, isRollback: isRollback === true, sequence });
    if (from !== null) {
      this.#update(from, { aliases: this.#entry(from).aliases.filter((each) => each !== alias) });
      this.#aliases.delete(alias);
    }
    if (to !== null) {
      this.#update(to, { aliases: [...this.#entry(to).aliases, alias].sort((a, b) => (a < b ? -1 : 1)) });
      this.#aliases.set(alias, to);
    }
  }

  #update(version: Digest, change: Partial<VersionEntry>): void {
    this.#versions.set(version, { ...this.#entry(version), ...change });
  }

  #entry(version: Digest): VersionEntry {
    return this.#versions.get(version) as VersionEntry;
  }
}

/** What is wrong with a change: it cannot follow a state. */
export function changeProblem(
  state: Pick<TwinState, "versions" | "aliases" | "attestations">,
  change: Change,
): string | undefined {
  const { versions, aliases, attestations } = state;
  if (change.type === "sealed") {
    if (versions.has(change.version.digest)) return `it seals ${change.version.digest} again.`;
    const next = versions.size + 1;
    return change.number === next ? undefined : `it seals v${change.number}, and v${next} is the next.`;
  }
  const about = change.type === "aliasMoved" ? change.to : change.version;
  if (about !== null && !versions.has(about)) return `it is about ${about}, which was never sealed.`;
  if (change.type === "aliasMoved") {
    const at = aliases.get(change.alias) ?? null;
    if (at !== change.from) return `it moves the alias "${change.alias}" from ${change.from}, which was on ${at}.`;
    return change.to === change.from ? `it moves the alias "${change.alias}" to where it was.` : undefined;
  }
  if (change.type === "stateChanged") {
    const state = versions.get(change.version)?.state;
    if (state !== change.from) return `it changes ${change.version} from ${change.from}, which was ${state}.`;
    if (!TRANSITIONS[change.from].includes(change.to)) return `nothing ${change.from} can become ${change.to}.`;
    return evidenceProblem(change, attestations.get(change.version) ?? []);
  }
  return undefined;
}

/** What keeps the evidence of a change from allowing it, as far as the log alone can tell. */
function evidenceProblem(
  { to, evidence }: Extract<Change, { type: "stateChanged" }>,
  attested: readonly AttestationEntry[],
): string | undefined {
  const kinds = new Set<string>();
  for (const digest of evidence) {
    const found = attested.find(({ descriptor }) => descriptor.digest === digest);
    if (found === undefined) return `its evidence ${digest} was not attested for that version.`;
    if (found.verdict !== "passed") return `its evidence ${digest} says that the version failed.`;
    kinds.add(found.kind);
  }
  const missing = EVIDENCE[to].find((allowed) => !allowed.some((kind) => kinds.has(kind)));
  return missing && `it makes a version ${to} without evidence of the kind ${missing.join(" or ")}.`;
}

function append<T>(map: Map<Digest, T[]>, key: Digest, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

/** With lists that later events do not change. */
function copied<T>(map: ReadonlyMap<Digest, readonly T[]>): ReadonlyMap<Digest, readonly T[]> {
  return new Map([...map].map(([key, values]) => [key, [...values]]));
}
