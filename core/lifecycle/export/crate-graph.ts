import type { JsonValue } from "../../canonical/json-value.ts";

/** One thing of a crate. Properties that are `undefined` are not known, and are left out. */
export interface Entity {
  readonly "@id": string;
  readonly "@type": string | readonly string[];
  readonly [property: string]: JsonValue | undefined;
}

/** How one thing of a crate names another. */
export interface Reference {
  readonly "@id": string;
  readonly [key: string]: JsonValue;
}

export function reference(id: string): Reference {
  return { "@id": id };
}

/** The things of a crate, flat, each once: JSON-LD as RO-Crate wants it. */
export class CrateGraph {
  readonly #entities = new Map<string, Record<string, JsonValue>>();

  /** Adds a thing; of two with one id the first stays. */
  add(entity: Entity): Reference {
    const id = entity["@id"];
    if (!this.#entities.has(id)) {
      const known = Object.entries(entity).filter(([, value]) => value !== undefined && !isEmptyList(value));
      this.#entities.set(id, Object.fromEntries(known) as Record<string, JsonValue>);
    }
    return reference(id);
  }

  /** Adds to a list that a thing has; a reference that is in it stays once. */
  link(from: string, property: string, to: Reference): void {
    const entity = this.#entities.get(from) as Record<string, JsonValue>;
    const list = (entity[property] ?? []) as readonly Reference[];
    if (!list.some((each) => each["@id"] === to["@id"])) entity[property] = [...list, to];
  }

  /** The text of `ro-crate-metadata.json`. */
  text(): string {
    const context = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"];
    const graph = [...this.#entities.values()].map((entity) => {
      const members = Object.entries(entity).map(([key, value]) => [key, single(value)]);
      return Object.fromEntries(members) as Record<string, JsonValue>;
    });
    return `${JSON.stringify({ "@context": context, "@graph": graph }, null, 2)}\n`;
  }
}

/** A list of one is written as that one: compact JSON-LD. */
function single(value: JsonValue): JsonValue {
  return Array.isArray(value) && value.length === 1 ? (value[0] as JsonValue) : value;
}

function isEmptyList(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}
