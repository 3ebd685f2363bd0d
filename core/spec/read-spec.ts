import { dirname } from "node:path";
import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { checkSchema } from "../errors/check-schema.ts";
import { describeNames } from "../errors/nearest-names.ts";
import type { CompositionPath, SourcePosition } from "../kernel/composition.ts";
import { TolerancesSchema } from "../lifecycle/reproduce/tolerances.ts";
import { Aliases } from "./aliases.ts";
import type { Diagnostic, SpecCode } from "./errors.ts";
import { NO_ANCHOR, ValueReader } from "./read-values.ts";
import { SpecSource } from "./spec-source.ts";
import { keyText, SPEC_TAG_NAMES, SPEC_TAGS } from "./spec-tags.ts";

/** A part as a twin.yaml has it, before its plugin is imported. */
export interface PartEntry {
  readonly use: string;
  readonly version?: string;
  readonly wire?: Readonly<Record<string, string | readonly string[]>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a twin.yaml says. When there are diagnostics, the rest is incomplete. */
export interface SpecText {
  readonly name?: string;
  readonly parts: ReadonlyMap<string, PartEntry>;
  readonly plans?: Readonly<Record<string, unknown>>;
  readonly tolerances?: Readonly<Record<string, unknown>>;
  readonly source: SpecSource;
  readonly diagnostics: readonly Diagnostic[];
}

const TOP_KEYS = ["twin", "plugins", "plans", "tolerances"];
// One slip can make many; after the first few they say nothing new.
const MOST_SYNTAX_ERRORS = 20;
/** Keys of a plugin's entry that are no options. */
export const ENTRY_KEYS: readonly string[] = ["use", "version", "wire"];

/**
 * Reads the text of a twin.yaml. Imports nothing.
 *
 * @param file - Absolute path; relative paths in the text start at its folder.
 */
export function readSpec(text: string, file: string): SpecText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    customTags: SPEC_TAGS,
    stringKeys: true,
    intAsBigInt: true,
    // A pretty error repeats the line, and a line may hold what should have been a secret.
    prettyErrors: false,
    lineCounter: lines,
  });
  const aliases = new Aliases(document);
  return new SpecReader(document, aliases, new SpecSource(file, document, { aliases, lines })).read();
}

class SpecReader {
  readonly #document: Document;
  readonly #aliases: Aliases;
  readonly #source: SpecSource;
  readonly #values: ValueReader;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(document: Document, aliases: Aliases, source: SpecSource) {
    this.#document = document;
    this.#aliases = aliases;
    this.#source = source;
    this.#values = new ValueReader({
      aliases,
      folder: dirname(source.file),
      report: (node, path, message) => this.#report("TWIN_SPEC_SHAPE", source.positionOf(node), { path, message }),
    });
  }

  read(): SpecText {
    for (const error of [...this.#document.errors, ...this.#document.warnings].slice(0, MOST_SYNTAX_ERRORS)) {
      const position = this.#source.positionAt(error.pos[0]);
      this.#report("TWIN_SPEC_SYNTAX", position, { path: [], message: syntaxMessage(error) });
    }
    const base = { parts: new Map<string, PartEntry>(), source: this.#source, diagnostics: this.#diagnostics };
    if (this.#document.directives?.yaml.version === "1.1") {
      const message = "A twin.yaml is YAML 1.2: remove the directive `%YAML 1.1`.";
      this.#report("TWIN_SPEC_SYNTAX", this.#source.positionAt(0), { path: [], message });
      return base;
    }
    // After a syntax error the tree may be cut short; what it lacks is then no news.
    if (this.#document.errors.length > 0) return base;
    const top = this.#map(this.#document.contents as Node | null, [], "A twin.yaml is a map with the key `plugins`");
    if (top === undefined) return base;
    this.#refuseOthers(top, [], TOP_KEYS);
    const name = this.#name(top);
    const plans = this.#plain(top, "plans", "a map from names of plans to their steps");
    const tolerances = this.#tolerances(top);
    return {
      ...base,
      parts: this.#parts(top),
      ...(name !== undefined && { name }),
      ...(plans !== undefined && { plans }),
      ...(tolerances !== undefined && { tolerances }),
    };
  }

  #name(top: YAMLMap): string | undefined {
    const node = member(top, "twin");
    if (node === undefined) return undefined;
    const name = this.#values.read(node, ["twin"]);
    if (typeof name === "string" && name.trim() !== "") return name;
    this.#shape(["twin"], "`twin` is the name of the twin: a text.");
    return undefined;
  }

  #tolerances(top: YAMLMap): Readonly<Record<string, unknown>> | undefined {
    const value = this.#plain(top, "tolerances", "a map with the key `outputs`");
    const { problems = [] } = value === undefined ? {} : checkSchema(TolerancesSchema, value);
    for (const { path, message, at } of problems) this.#shape(["tolerances", ...path], message, at);
    return value;
  }

  #plain(top: YAMLMap, key: string, what: string): Readonly<Record<string, unknown>> | undefined {
    const node = member(top, key);
    if (node === undefined) return undefined;
    const map = this.#map(node, [key], `\`${key}\` is ${what}`);
    return map && (this.#values.read(map, [key]) as Record<string, unknown> | undefined);
  }

  #parts(top: YAMLMap): ReadonlyMap<string, PartEntry> {
    const parts = new Map<string, PartEntry>();
    const node = member(top, "plugins");
    if (node === undefined) {
      this.#shape([], "The key `plugins` is missing: a map from names of parts to plugins, each with `use`.");
      return parts;
    }
    const plugins = this.#map(node, ["plugins"], "`plugins` is a map from names of parts to plugins");
    for (const { key, value } of plugins?.items ?? []) {
      const part = keyText(key);
      const entry = this.#part(part, value as Node | null);
      if (entry !== undefined) parts.set(part, entry);
    }
    return parts;
  }

  #part(part: string, node: Node | null): PartEntry | undefined {
    const path = ["plugins", part];
    const what = "A plugin is a map with the key `use`, as in `{ use: twinloom/modules/hdf5 }`";
    const entry = this.#map(node, path, what);
    const values = entry && (this.#values.read(entry, path) as Record<string, unknown> | undefined);
    // What is wrong has been told.
    if (entry === undefined || values === undefined) return undefined;
    const { use, version, wire, ...options } = values;
    if (typeof use !== "string" || use === "") {
      const given = member(entry, "use") !== undefined;
      const likely = describeNames("use", Object.keys(options)).match(/^Did you mean "([^"]*)"\?/)?.[1];
      this.#shape(
        given ? [...path, "use"] : path,
        given
          ? "`use` names the module of the plugin: a text."
          : `\`use\` is missing: it names the module of the plugin.${likely === undefined ? "" : ` Is "${likely}" meant to be it?`}`,
        given ? "value" : "key",
      );
      return undefined;
    }
    if (version !== undefined && typeof version !== "string") {
      this.#shape(["versions", part], '`version` is a range of versions, a text: `version: "^1.2"`.');
    }
    if (wire !== undefined && !isWire(wire)) {
      this.#shape(["wire", part], "`wire` is a map from needs to names of parts: `wire: { generator: shower }`.");
    }
    return {
      use,
      ...(typeof version === "string" && { version }),
      ...(isWire(wire) && { wire }),
      options,
    };
  }

  #map(node: Node | null, path: CompositionPath, what: string): YAMLMap | undefined {
    const resolved = this.#aliases.resolve(node);
    if (isMap(resolved) && resolved.tag !== "!artifact") return resolved;
    this.#shape(path, resolved === undefined ? NO_ANCHOR : `${what}, not ${kindOf(resolved)}.`);
    return undefined;
  }

  #refuseOthers(map: YAMLMap, path: CompositionPath, known: readonly string[]): void {
    for (const { key } of map.items) {
      const name = keyText(key);
      if (known.includes(name)) continue;
      this.#shape([...path, name], `Unknown key "${name}". ${describeNames(name, known)}`, "key");
    }
  }

  #shape(path: CompositionPath, message: string, at: "key" | "value" = "value"): void {
    this.#report("TWIN_SPEC_SHAPE", this.#source.locate(path, at), { path, message });
  }

  #report(code: SpecCode, position: SourcePosition, what: { path: CompositionPath; message: string }): void {
    this.#diagnostics.push({ code, ...position, ...what });
  }
}

function member(map: YAMLMap, name: string): Node | null | undefined {
  const pair = map.items.find(({ key }) => keyText(key) === name);
  return pair && (pair.value as Node | null);
}

function isWire(value: unknown): value is Readonly<Record<string, string | readonly string[]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (parts) => typeof parts === "string" || (Array.isArray(parts) && parts.every((part) => typeof part === "string")),
  );
}

/** What is wrong, without any of the text: it may hold what should have been a secret. */
function syntaxMessage({ code, message }: YAMLError): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return "This key is written twice.";
    case "RESOURCE_EXHAUSTION":
      return "This is nested too deeply to be read.";
    case "NON_STRING_KEY":
      return "A key must be a text.";
    case "MULTIPLE_DOCS":
      return "A twin.yaml is one document: what comes after `---` cannot be read.";
    case "TAG_RESOLVE_FAILED":
      return tagMessage(/^Unresolved tag: (\S+)$/.exec(message)?.[1] ?? "");
    case "BAD_DQ_ESCAPE":
      return "This is no escape sequence. A backslash itself is written twice.";
    case "UNEXPECTED_TOKEN":
      return `${message.replace(/: .*$/s, "")}.`;
    default:
      return `${message}.`;
  }
}

function tagMessage(tag: string): string {
  if (SPEC_TAG_NAMES.includes(tag)) return `The tag "${tag}" does not fit this kind of value.`;
  const names = describeNames(tag, SPEC_TAG_NAMES);
  return names.startsWith("Did you mean") ? `Unknown tag "${tag}". ${names}` : `Unknown tag. ${names}`;
}

const KINDS: Readonly<Record<string, string>> = { string: "text", bigint: "number" };

function kindOf(node: unknown): string {
  if (node === null || node === undefined) return "nothing";
  if (isScalar(node)) return node.value === null ? "nothing" : `a ${KINDS[typeof node.value] ?? typeof node.value}`;
  return isMap(node) ? "an artifact" : "a list";
}
