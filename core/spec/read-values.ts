import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import type { Aliases } from "./aliases.ts";
import { Artifact } from "./artifact.ts";
import { SecretReference } from "./secret.ts";
import { isMergeKey, keyText, SPEC_TAG_NAMES } from "./spec-tags.ts";

/** Told of each value that cannot be read, with its node. */
export type ReportNode = (node: Node, path: readonly (string | number)[], message: string) => void;

/** What a reader of values needs to know. */
export interface ReadContext {
  readonly aliases: Aliases;
  /** Folder of the twin.yaml. */
  readonly folder: string;
  readonly report: ReportNode;
}

/** Said of an alias that refers to nothing; it may be a text that begins with an asterisk, so it is not repeated. */
export const NO_ANCHOR =
  "This alias refers to no anchor before it. A text that begins with an asterisk is written in quotes.";
const NO_SUCH_TAG = `A twin.yaml has no such tag. There are: ${SPEC_TAG_NAMES.join(", ")}.`;
const PLAIN_TAGS = ["tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"];
const MERGE_KEY = "YAML 1.2 has no merge keys: write the keys out, or refer to a whole value with an alias.";
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
      const meant = this.#context.aliases.resolve(node);
      return meant === undefined ? report(NO_ANCHOR) : this.read(meant, path);
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
    if (node.tag !== undefined && !PLAIN_TAGS.includes(node.tag)) return report(NO_SUCH_TAG);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node | null, [...path, index]));
    if (!isMap(node)) return report("This value cannot be read.");
    const entries = node.items.map(({ key, value }): [string, unknown] => {
      const name = keyText(key);
      if (isMergeKey(key)) this.#context.report(key, [...path, name], MERGE_KEY);
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
  // Of YAML's own tags: `!!timestamp`, `!!binary`.
  if ((typeof value === "object" && value !== null) || typeof value === "symbol") return report(NO_SUCH_TAG);
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number)
    ? number
    : report(
        "This number is beyond ±(2^53 - 1), where numbers are not exact. For a 64-bit option, write `!bigint` before it.",
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
