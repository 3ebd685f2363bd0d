import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { Artifact } from "./artifact.ts";
import { SecretReference } from "./secret.ts";
import { keyText } from "./spec-tags.ts";

/** Told of each value that cannot be read, with its node. */
export type ReportNode = (node: Node, path: readonly (string | number)[], message: string) => void;

/** What a reader of values needs to know. */
export interface ReadContext {
  readonly document: Document;
  /** Folder of the twin.yaml. */
  readonly folder: string;
  readonly report: ReportNode;
}

const MOST_DEEP = 100;
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
      // The parser refuses an alias without an anchor before values are read.
      return this.read(node.resolve(this.#context.document) ?? null, path);
    }
    this.#nodes++;
    if (this.#nodes === MOST_NODES) report(`More than ${MOST_NODES} values: aliases multiply them.`);
    if (this.#nodes >= MOST_NODES) return undefined;
    if (this.#open.has(node)) return report("This value contains itself.");
    if (this.#open.size === MOST_DEEP)
      return report(`This is nested too deeply to be read: more than ${MOST_DEEP} levels.`);
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
