import type { Digest } from "../../canonical/digest.ts";
import type { Lineage, LineageEdge, LineageNode } from "./lineage.ts";

/** A line to be, with what stands before it and before what comes below it. */
interface Line {
  readonly digest: Digest;
  readonly relation?: LineageEdge["relation"];
  readonly lead: string;
  readonly below: string;
}

/**
 * A lineage as lines for people, the version first. `←` is where the version on the line above it came from, so that a long
 * history stays narrow; of several parents each begins a branch. A version that is met again is told, not repeated.
 */
export function lineageText(lineage: Lineage): string {
  const nodes = new Map(lineage.nodes.map((node) => [node.digest, node]));
  const told = new Set<Digest>();
  const lines: string[] = [];
  // A stack of its own: a history may be longer than the call stack.
  const waiting: Line[] = [{ digest: lineage.of, lead: "", below: "" }];
  for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
    const node = nodes.get(line.digest) as LineageNode;
    const isAgain = told.has(node.digest);
    told.add(node.digest);
    const relation = line.relation === undefined ? "" : `${RELATIONS[line.relation]} `;
    lines.push(`${line.lead}${relation}${isAgain ? `${node.name}, as above` : nodeText(node)}`);
    if (!isAgain) waiting.push(...parentLines(lineage, node.digest, line.below).toReversed());
  }
  return lines.join("\n");
}

function parentLines({ edges }: Lineage, digest: Digest, below: string): readonly Line[] {
  const parents = edges.filter(({ from }) => from === digest);
  return parents.map(({ to, relation }, index): Line => {
    if (parents.length === 1) return { digest: to, relation, lead: `${below}← `, below };
    const isLast = index === parents.length - 1;
    return {
      digest: to,
      relation,
      lead: `${below}  ${isLast ? "└─" : "├─"} `,
      below: `${below}  ${isLast ? "  " : "│ "} `,
    };
  });
}

const RELATIONS: Readonly<Record<LineageEdge["relation"], string>> = {
  revision: "revision of",
  derivation: "derived from",
  calibrationOf: "calibration of",
  mergeOf: "merge of",
};

function nodeText({ name, version }: LineageNode): string {
  if (version === null) return `${name} (not in this store)`;
  return `${name} (${[version.state, ...version.aliases].join(", ")})`;
}

/**
 * A lineage as a graph for Graphviz: `dot -Tsvg`.
 *
 * @see https://graphviz.org/doc/info/lang.html
 */
export function lineageDot(lineage: Lineage): string {
  const nodes = lineage.nodes.map((node) => {
    const { name, digest, version } = node;
    const lines = version === null ? [short(digest), "not in this store"] : [name, ...version.aliases, version.state];
    const style = version === null ? ", style=dashed" : "";
    return `  ${quoted(digest)} [label=${quoted(lines.join("\n"))}${style}];`;
  });
  const edges = lineage.edges.map(
    ({ from, to, relation }) => `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(relation)}];`,
  );
  return ["digraph lineage {", "  node [shape=box];", ...nodes, ...edges, "}"].join("\n");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function short(digest: Digest): string {
  return `${digest.slice(0, 19)}…`;
}
