import { isPair, isScalar, type Node, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { type Artifact, isArtifact } from "./artifact.ts";
import { isSecret } from "./secret.ts";

/** Told of each value that cannot be written. */
export type ReportValue = (path: readonly (string | number)[], message: string) => void;

/** Writes values as YAML; the reverse of {@link ValueReader}. What cannot be written is reported, and is null. */
export class ValueWriter {
  readonly #folder: string;
  readonly #report: ReportValue;
  readonly #open = new Set<object>();

  /** @param context - `folder`: of the twin.yaml, where relative paths start. */
  constructor(context: { readonly folder: string; readonly report: ReportValue }) {
    this.#folder = context.folder;
    this.#report = context.report;
  }

  /** The YAML of a value at a path of the composition. */
  write(value: unknown, path: readonly (string | number)[]): Node {
    if (isSecret(value)) return quoted(value.toString());
    if (isArtifact(value)) return writeArtifact(value, this.#folder);
    if (typeof value === "object" && value !== null) return this.#collection(value, path);
    if (value === null || typeof value === "boolean") return new Scalar(value);
    if (typeof value === "number") return writeNumber(value);
    if (typeof value === "bigint") return tagged(new Scalar(String(value)), "!bigint");
    if (typeof value === "string") return writeText(value);
    return this.#refuse(
      path,
      value === undefined ? "undefined is no plain data." : `A ${typeof value} is no plain data.`,
    );
  }

  #collection(value: object, path: readonly (string | number)[]): Node {
    if (this.#open.has(value)) return this.#refuse(path, "This value contains itself.");
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
      return this.#refuse(path, `A ${value.constructor?.name || "class instance"} is no plain data.`);
    }
    this.#open.add(value);
    const written = Array.isArray(value) ? this.#sequence(value, path) : this.#map(value, path);
    this.#open.delete(value);
    return onOneLine(written, 60);
  }

  #sequence(items: readonly unknown[], path: readonly (string | number)[]): YAMLSeq<Node> {
    const sequence = new YAMLSeq<Node>();
    // Array.from sees holes, too.
    sequence.items = Array.from(items, (item, index) => this.write(item, [...path, index]));
    return sequence;
  }

  #map(members: object, path: readonly (string | number)[]): YAMLMap<Node, Node> {
    const map = new YAMLMap<Node, Node>();
    for (const [key, member] of Object.entries(members)) {
      if (member !== undefined) map.add({ key: writeKey(key), value: this.write(member, [...path, key]) });
    }
    return map;
  }

  #refuse(path: readonly (string | number)[], message: string): Node {
    this.#report(path, message);
    return new Scalar(null);
  }
}

/** Marks a collection of scalars to be written on one line where it has no more than so many characters. */
export function onOneLine<C extends YAMLMap<Node, Node> | YAMLSeq<Node>>(collection: C, most: number): C {
  const nodes = collection.items.flatMap((item) => (isPair<Node, Node>(item) ? [item.key, item.value] : [item]));
  const length = nodes.reduce(
    (sum, node) => sum + (isScalar(node) ? String(node.value).length + (node.tag?.length ?? 0) + 2 : Infinity),
    0,
  );
  collection.flow = length <= most;
  return collection;
}

/** A key of a map, quoted where a plain one would read as something else. */
export function writeKey(key: string): Scalar {
  return isPlain(key) && key !== "<<" ? new Scalar(key) : quoted(key);
}

function writeArtifact(value: Artifact, folder: string): Node {
  const path = value.pathFrom(folder);
  if (value.digest === undefined) return tagged(isPlain(path) ? new Scalar(path) : quoted(path), "!artifact");
  const map = new YAMLMap<Node, Node>();
  map.flow = true;
  map.add({ key: new Scalar("path"), value: isPlain(path) ? new Scalar(path) : quoted(path) });
  map.add({ key: new Scalar("digest"), value: quoted(value.digest) });
  return tagged(map, "!artifact");
}

function writeNumber(value: number): Scalar {
  const scalar = new Scalar(value);
  // As a float: an integer would lose the sign of -0, and is refused beyond 2^53.
  if (Object.is(value, -0) || (Number.isInteger(value) && !Number.isSafeInteger(value))) scalar.minFractionDigits = 1;
  return scalar;
}

function writeText(value: string): Scalar {
  const text = value.replace(/\$+\{env:/g, (match) => `$${match}`);
  return isPlain(text) ? new Scalar(text) : quoted(text);
}

/** Texts that need no escapes; the YAML writer quotes them where they would read as something else. */
function isPlain(text: string): boolean {
  return /^[\x21-\x7e\u00a1-\ud7ff\ue000-\ufefe](?:[\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe]*[\x21-\x7e])?$/.test(text);
}

function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

function tagged<T extends Node>(node: T, tag: string): T {
  node.tag = tag;
  return node;
}
