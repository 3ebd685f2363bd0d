import { dirname, resolve } from "node:path";
import { Document, type Node, Scalar, YAMLMap } from "yaml";
import { checkPlugin } from "../kernel/check-part.ts";
import type { Composition } from "../kernel/composition.ts";
import { CONSTANT_PLUGIN } from "../kernel/constant.ts";
import type { Plugin } from "../kernel/plugin.ts";
import { SpecExportError } from "./errors.ts";
import type { ExportSpecOptions } from "./export-spec.ts";
import { useOf } from "./import-plugin.ts";
import { ENTRY_KEYS } from "./read-spec.ts";
import { SPEC_TAGS } from "./spec-tags.ts";
import { onOneLine, type ReportValue, ValueWriter, writeKey } from "./write-values.ts";

/** The text of a composition; see {@link exportSpec}. */
export function writeSpec(composition: Composition, options: ExportSpecOptions): string {
  const folder = dirname(resolve(options.file ?? composition.source?.file ?? "twin.yaml"));
  const problems: { path: readonly (string | number)[]; message: string }[] = [];
  const report: ReportValue = (path, message) => void problems.push({ path, message });
  const writer = new ValueWriter({ folder, report });
  const { name, plugins } = composition;
  const top = new YAMLMap<Node, Node>();
  if (name !== undefined) top.add({ key: new Scalar("twin"), value: writer.write(name, ["twin"]) });
  const parts = new YAMLMap<Node, Node>();
  for (const [part, plugin] of Object.entries(plugins)) {
    parts.add({ key: writeKey(part), value: writePart({ part, plugin, composition, folder, report, writer }) });
  }
  top.add({ key: new Scalar("plugins"), value: parts });
  for (const key of ["plans", "tolerances"] as const) {
    const value = composition[key];
    if (value !== undefined) top.add({ key: new Scalar(key), value: writer.write(value, [key]) });
  }
  for (const key of ["wire", "versions"] as const) {
    for (const part of Object.keys(composition[key] ?? {})) {
      if (!Object.hasOwn(plugins, part)) report([key, part], `There is no part "${part}".`);
    }
  }
  if (problems.length > 0) throw new SpecExportError(problems);
  const document = new Document(top, { version: "1.2", customTags: SPEC_TAGS });
  return document.toString({ lineWidth: 0 });
}

interface PartFacts {
  readonly part: string;
  readonly plugin: Plugin;
  readonly composition: Composition;
  readonly folder: string;
  readonly report: ReportValue;
  readonly writer: ValueWriter;
}

function writePart({ part, plugin, composition, folder, report, writer }: PartFacts): Node {
  const path = ["plugins", part];
  const wrong = checkPlugin(part, plugin);
  if (wrong !== undefined) {
    report(path, wrong.message);
    return new Scalar(null);
  }
  const { definition, options } = plugin;
  if (definition.name === CONSTANT_PLUGIN) report(path, "A constant is a value made in code; no module exports it.");
  const entry = new YAMLMap<Node, Node>();
  const add = (key: string, value: unknown): void => {
    entry.add({ key: writeKey(key), value: writer.write(value, [...path, key]) });
  };
  add("use", useOf(plugin, folder));
  const version = own(composition.versions, part);
  if (version !== undefined) add("version", version);
  const wire = own(composition.wire, part);
  if (wire !== undefined) add("wire", wire);
  for (const [key, value] of Object.entries(options)) {
    if (ENTRY_KEYS.includes(key)) report([...path, key], `An option of the name "${key}" cannot be told from the key.`);
    else if (value !== undefined) add(key, value);
  }
  return onOneLine(entry, 110);
}

function own<T>(record: Readonly<Record<string, T | undefined>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
