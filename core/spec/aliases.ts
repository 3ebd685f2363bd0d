import { type Alias, type Document, isAlias, isNode, type Node, visit } from "yaml";

/**
 * What the aliases of a document stand for: the node with that anchor last before the alias. Found in one walk; the parser
 * would walk the document for every alias.
 */
export class Aliases {
  readonly #targets = new Map<Alias, Node>();

  constructor(document: Document) {
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = anchors.get(node.source);
          if (target !== undefined) this.#targets.set(node, target);
        } else if (isNode(node) && "anchor" in node && node.anchor !== undefined) {
          anchors.set(node.anchor, node);
        }
      },
    });
  }

  /** The node itself, or what it stands for; `undefined` for an alias of nothing. */
  resolve<T extends Node | null>(node: T | Alias): T | Node | undefined {
    return isAlias(node) ? this.#targets.get(node) : node;
  }
}
