import { type Document, isMap, isSeq, type LineCounter, type Node } from "yaml";
import type { CompositionPath, CompositionSource, SourcePosition } from "../kernel/composition.ts";
import type { Aliases } from "./aliases.ts";
import { keyText } from "./spec-tags.ts";

/** Finds places of a composition in the twin.yaml that it was read from. */
export class SpecSource implements CompositionSource {
  readonly file: string;
  readonly #document: Document;
  readonly #aliases: Aliases;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document, context: { readonly aliases: Aliases; readonly lines: LineCounter }) {
    this.file = file;
    this.#document = document;
    this.#aliases = context.aliases;
    this.#lines = context.lines;
  }

  locate(path: CompositionPath, at: "key" | "value" = "value"): SourcePosition {
    let node = this.#document.contents as Node | null;
    let found = { key: node, value: node };
    for (const step of asWritten(path)) {
      const next = below(this.#aliases.resolve(node) ?? null, step);
      if (next === undefined) return this.positionOf(found.key);
      found = { key: next.key ?? found.key, value: next.value ?? next.key ?? found.value };
      node = next.value;
    }
    return this.positionOf(found[at]);
  }

  /** Position of a node; of the beginning of the file for none. */
  positionOf(node: Node | null): SourcePosition {
    return this.positionAt(node?.range?.[0] ?? 0);
  }

  /** Position of a character, counted from 0. */
  positionAt(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/** A composition keeps wiring and versions beside the plugins; the file has them within each plugin's entry. */
function asWritten(path: CompositionPath): CompositionPath {
  const [kind, part, ...rest] = path;
  if (part === undefined) return path;
  if (kind === "wire") return ["plugins", part, "wire", ...rest];
  if (kind === "versions") return ["plugins", part, "version", ...rest];
  return path;
}

function below(node: Node | null, step: string | number): { key: Node | null; value: Node | null } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | null | undefined;
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => keyText(key) === String(step));
  return pair && { key: pair.key as Node | null, value: pair.value as Node | null };
}
