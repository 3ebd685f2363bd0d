import { basketsOf, compressionOf } from "./branch-baskets.ts";
import { elementColumn, isElementBranch } from "./element-type.ts";
import { damaged, reasonOf } from "./failure.ts";
import type { RootObject } from "./jsroot.ts";
import { checkSign, leafColumn } from "./leaf-type.ts";
import { listOf, numberOf, textOf } from "./members.ts";
import type { RawBranch, RawColumn, RawTree } from "./protocol.ts";

/** How the values of a branch are laid out; without what is the same for all branches. */
export type ColumnType = Pick<RawColumn, "layout" | "rowShape" | "typeName">;

/** Tells that something is not shown; the path starts below the tree. */
export type TellProblem = (path: string, reason: string) => void;

/** Looks the C++ type and the comment of a member of a class up. */
export type MemberOf = (
  owner: { readonly name: string; readonly version: number; readonly checksum: number },
  index: number,
) => { readonly typeName: string; readonly title: string };

/** What a tree holds, without the values. */
export function describeTree(
  tree: RootObject,
  about: { readonly memberOf: MemberOf; readonly tell: TellProblem },
): RawTree {
  const entries = numberOf(tree, "fEntries", -1);
  if (!Number.isSafeInteger(entries) || entries < 0) throw damaged(`it says that it has ${entries} entries`);
  return {
    name: textOf(tree, "fName"),
    title: textOf(tree, "fTitle"),
    className: tree._typename ?? "TTree",
    storedName: textOf(tree, "fName"),
    entries,
    branches: branchesOf(tree, { entries, treeName: textOf(tree, "fName"), path: "", ...about }),
  };
}

interface Scope {
  readonly entries: number;
  readonly treeName: string;
  readonly path: string;
  readonly memberOf: MemberOf;
  readonly tell: TellProblem;
}

function branchesOf(parent: RootObject, scope: Scope): RawBranch[] {
  const used = new Set<string>();
  const branches: RawBranch[] = [];
  for (const branch of listOf(parent, "fBranches")) {
    if (branch === undefined) continue;
    let name = plainName(textOf(branch, "fName"));
    while (used.has(name)) name = `${name}_`;
    used.add(name);
    const described = describeBranch(branch, name, { ...scope, path: `${scope.path}/${name}` });
    if (described !== undefined) branches.push(described);
  }
  return branches;
}

/** `a[10]` is a; a slash parts groups, here. */
function plainName(name: string): string {
  return name.replace(/\[.*$/, "").replace(/\.$/, "").replaceAll("/", "_") || "unnamed";
}

function describeBranch(branch: RootObject, name: string, scope: Scope): RawBranch | undefined {
  const title = branchTitle(branch, scope.treeName);
  const branches = branchesOf(branch, scope);
  const leaves = listOf(branch, "fLeaves").filter((leaf) => leaf !== undefined);
  try {
    if (isElementBranch(branch)) {
      const type = elementColumn(branch, leaves, { hasBranches: branches.length > 0, memberOf: scope.memberOf });
      if (type === undefined) return branches.length > 0 ? { name, title, column: undefined, branches } : undefined;
      return { name, title, column: columnOf(branch, type, scope), branches };
    }
    if (leaves.length === 1) {
      const leaf = leaves[0] as RootObject;
      checkSign(textOf(branch, "fTitle"), leaf);
      return { name, title, column: columnOf(branch, leafColumn(leaf), scope), branches };
    }
    return { name, title, column: undefined, branches: [...recordMembers(branch, leaves, scope), ...branches] };
  } catch (error) {
    scope.tell(scope.path, reasonOf(error));
    return branches.length > 0 ? { name, title, column: undefined, branches } : undefined;
  }
}

/** Several leaves in one branch: a record in each entry, a group of its members here. */
function recordMembers(branch: RootObject, leaves: readonly RootObject[], scope: Scope): RawBranch[] {
  const types = leaves.map((leaf) => ({ name: plainName(textOf(leaf, "fName")), type: leafColumn(leaf) }));
  if (types.some(({ type }) => type.layout.kind !== "flat")) {
    throw damaged("a branch of several leaves of which one has a variable length is not read");
  }
  const sizes = types.map(({ type }) => type.layout.itemBytes * type.layout.perRow);
  const bytes = sizes.reduce((total, size) => total + size, 0);
  let offset = 0;
  return types.map(({ name, type }, number) => {
    const record = { bytes, offset };
    offset += sizes[number] as number;
    const column = columnOf(branch, { ...type, layout: { ...type.layout, record } }, scope);
    return { name, title: "", column, branches: [] };
  });
}

function columnOf(branch: RootObject, type: ColumnType, { entries }: Scope): RawColumn {
  const own = numberOf(branch, "fEntries");
  // Branches that were added to a tree that was filled already; ROOT would make up the entries that they lack.
  if (own !== entries) throw damaged(`it has ${own} entries, and its tree ${entries}`);
  const baskets = basketsOf(branch, entries);
  const storedBytes = numberOf(branch, "fZipBytes");
  return { ...type, branchName: textOf(branch, "fName"), compression: compressionOf(branch), storedBytes, baskets };
}

/** What a branch says of itself, unless it only repeats the name and the types of its leaves. */
function branchTitle(branch: RootObject, treeName: string): string {
  const name = textOf(branch, "fName");
  const title = textOf(branch, "fTitle");
  if (title === name || title === treeName || title === plainName(name)) return "";
  return /^[^\s/]+\/[A-Za-z](:|$)|:[^\s/]+\/[A-Za-z]$/.test(title) ? "" : title;
}
