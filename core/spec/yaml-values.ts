import { type Document, isAlias, isMap, isScalar, isSeq, type Node, Scalar, type Tags, YAMLMap, YAMLSeq } from "yaml";
import { Artifact, isArtifact } from "./artifact.ts";
import { isSecret, SecretReference } from "./secret.ts";

/** Tags of a twin.yaml beside YAML's own. */
export const SPEC_TAGS: Tags = [
  { tag: "!artifact", resolve: (text: string) => text },
  { tag: "!artifact", collection: "map" },
  { tag: "!bigint", resolve: (text: string) => text },
];
/** Their names, for messages. */
export const SPEC_TAG_NAMES: readonly string[] = ["!artifact", "!bigint"];

/** Told of each value that cannot be read, with its node. */
export type ReportNode = (node: Node, path: readonly (string | number)[], message: string) => void;

/** What a reader of values needs to know. */
export interface ReadContext {
  readonly document: Document;
  /** Folder of the twin.yaml. */
  readonly folder: string;
  readonly report: ReportNode;
}

// Aliases multiply: a small file can describe a tree that fills the memory.
const MOST_NODES = 20_000;

/** Reads values: plain data, references to secrets, artifacts. What cannot be read is reported, and is `undefined`. */
export class ValueReader {
  readonly #context: ReadContext;
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /** The value of a node at a path of the composition. */
  read(node: Node | null, path: readonly (string | number)[]): unknown {
    if (node === null) return null;
    const report = (message: string): undefined => void this.#context.report(node, path, message);
    if (isAlias(node)) {
      const target = node.resolve(this.#context.document);
      return target === undefined ? report(`There is no anchor "&${node.source}".`) : this.read(target, path);
    }
    this.#nodes++;
    if (this.#nodes === MOST_NODES) report(`More than ${MOST_NODES} values: aliases multiply them.`);
    if (this.#nodes >= MOST_NODES) return undefined;
    if (this.#open.has(node)) return report("This value contains itself.");
    this.#open.add(node);
    const value = this.#value(node, path, report);
    this.#open.delete(node);
    return value;
  }

  #value(node: Node, path: readonly (string | number)[], report: (message: string) => undefined): unknown {
    if (node.tag === "!artifact") return this.#artifact(node, report);
    if (isScalar(node)) return readScalar(node, report);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node | null, [...path, index]));
    if (!isMap(node)) return report("This value cannot be read.");
    const entries = node.items.map(({ key, value }): [string, unknown] => {
      const name = keyText(key);
      return [name, this.read(value as Node | null, [...path, name])];
    });
    return Object.fromEntries(entries);
  }

  #artifact(node: Node, report: (message: string) => undefined): Artifact | undefined {
    const given: unknown = isMap(node) ? node.toJSON() : { path: (node as Scalar).value };
    const { path, digest, ...rest } = given as Record<string, unknown>;
    const wrong = typeof path !== "string" || path === "" || !["undefined", "string"].includes(typeof digest);
    if (wrong || Object.keys(rest).length > 0) {
      return report('Write `!artifact path`, or `!artifact { path: path, digest: "sha256:…" }`.');
    }
    try {
      return new Artifact(path, { base: this.#context.folder, ...(typeof digest === "string" && { digest }) });
    } catch (error) {
      return report((error as Error).message);
    }
  }
}

/** The text of a map's key. */
export function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function readScalar(node: Scalar, report: (message: string) => undefined): unknown {
  const { value, tag } = node;
  if (tag === "!bigint") {
    return /^[-+]?\d+$/.test(String(value)) ? BigInt(String(value)) : report("`!bigint` takes a whole number.");
  }
  if (typeof value === "string") return readText(value, report);
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number)
    ? number
    : report(
        `${value} is beyond ±(2^53 - 1), where numbers are not exact. Write \`!bigint ${value}\` for a 64-bit option.`,
      );
}

/** `${env:NAME}` refers to a secret; `$${env:NAME}` is that very text. */
function readText(text: string, report: (message: string) => undefined): string | SecretReference | undefined {
  const variable = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1];
  if (variable !== undefined) return new SecretReference(variable);
  if (/(?<!\$)\$\{env:/.test(text)) {
    return report(
      'A reference to a secret must be the whole value: `"\u0024{env:NAME}"`, where NAME has letters, digits and underscores. For this very text, write `$\u0024{env:`.',
    );
  }
  return text.replace(/\$(\$+\{env:)/g, "$1");
}

/** Told of each value that cannot be written. */
export type ReportValue = (path: readonly (string | number)[], message: string) => undefined;

/** The YAML of a value; the reverse of {@link ValueReader}. */
export function writeValue(
  value: unknown,
  path: readonly (string | number)[],
  context: { readonly folder: string; readonly report: ReportValue },
): Node {
  const nothing = (message: string): Node => {
    context.report(path, message);
    return new Scalar(null);
  };
  if (isSecret(value)) return quoted(value.toString());
  if (isArtifact(value)) return writeArtifact(value, context.folder);
  if (value === null || typeof value === "boolean") return new Scalar(value);
  if (typeof value === "number") return writeNumber(value);
  if (typeof value === "bigint") return tagged(new Scalar(String(value)), "!bigint");
  if (typeof value === "string") return writeText(value);
  if (Array.isArray(value)) {
    const sequence = new YAMLSeq<Node>();
    value.forEach((item, index) => void sequence.add(writeValue(item, [...path, index], context)));
    return sequence;
  }
  if (typeof value !== "object") return nothing(`A ${typeof value} is no plain data.`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return nothing(`A ${(value as object).constructor?.name || "class instance"} is no plain data.`);
  }
  const map = new YAMLMap<Node, Node>();
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) map.add({ key: writeKey(key), value: writeValue(member, [...path, key], context) });
  }
  return map;
}

/** A key of a map, quoted where a plain one would read as something else. */
export function writeKey(key: string): Scalar {
  return isPlain(key) ? new Scalar(key) : quoted(key);
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
