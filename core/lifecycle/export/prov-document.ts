import type { JsonValue } from "../../canonical/json-value.ts";

/** Properties of a thing or a relation; `undefined` is not known, and left out. */
export type ProvAttributes = Readonly<Record<string, JsonValue | undefined>>;

/** The relations of PROV that are told. */
export type ProvRelation = "used" | "wasGeneratedBy" | "wasAssociatedWith" | "wasDerivedFrom" | "hadMember";

type Section = Record<string, Record<string, JsonValue>>;

/** Things and relations of one bundle, or of a whole document, in PROV-JSON. */
export class ProvRecords {
  readonly #sections: Record<string, Section> = {};
  #relations = 0;

  /** Adds a thing; of two with one name the first stays. @returns Its name. */
  add(kind: "entity" | "activity" | "agent", name: string, attributes: ProvAttributes): string {
    const section = this.#section(kind);
    section[name] ??= known(attributes);
    return name;
  }

  relate(kind: ProvRelation, attributes: ProvAttributes): void {
    this.#relations += 1;
    this.#section(kind)[`_:r${this.#relations}`] = known(attributes);
  }

  toJson(): Readonly<Record<string, JsonValue>> {
    return this.#sections;
  }

  #section(kind: string): Section {
    const section = this.#sections[kind] ?? {};
    this.#sections[kind] = section;
    return section;
  }
}

/** A value that is the name of something: `prov:Plan`. */
export function qualifiedName(name: string): JsonValue {
  return { $: name, type: "prov:QUALIFIED_NAME" };
}

function known(attributes: ProvAttributes): Record<string, JsonValue> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, JsonValue>;
}
