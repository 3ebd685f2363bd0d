import type { Dataset, Dimension, OpenDataset } from "../../core/index.ts";
import { RootUnsupportedError } from "./errors.ts";
import { histogramGroup } from "./histogram-group.ts";
import type { OpenRootFile } from "./open-root-file.ts";
import { treeGroup } from "./tree-group.ts";
import type { RawFolder, RawProblem } from "./worker/protocol.ts";

/** Something in a file that is not shown or cannot be read, and why. */
export interface RootProblem {
  readonly path: string;
  readonly reason: string;
}

/** An open ROOT file as a dataset. */
export interface RootDataset extends OpenDataset {
  /** Branches and objects that are not shown or cannot be read, with the reason. */
  readonly problems: readonly RootProblem[];
  /** How it is read: `"direct"`, in this process. What was exported with uproot is an HDF5 file, and opened as such. */
  readonly servedBy: "direct";
}

/**
 * Shows a file as a dataset.
 *
 * @throws {@link RootUnsupportedError} when it holds nothing but RNTuples.
 */
export async function rootDataset(file: OpenRootFile, signal: AbortSignal | undefined): Promise<RootDataset> {
  const { root, problems: found, ntuples } = file.description;
  const problems: RawProblem[] = [...found];
  for (const path of ntuples)
    problems.push({ path, reason: "RNTuples are not read; export it with uproot: `twinloom root export`" });
  if (ntuples.length > 0 && isEmpty(root)) {
    throw new RootUnsupportedError(
      file.location,
      `it holds RNTuples (${ntuples.join(", ")}), which are not read directly.`,
    );
  }
  const problem = (one: RawProblem): void => void problems.push(one);
  const folder = async (raw: RawFolder, path: string): Promise<Dataset> => {
    const groups = new Map<string, Dataset>();
    for (const each of raw.folders) groups.set(each.name, await folder(each, `${path}/${each.name}`));
    for (const each of raw.trees) {
      groups.set(each.name, await treeGroup(each, `${path}/${each.name}`, { file, signal, problem }));
    }
    for (const each of raw.histograms) groups.set(each.name, histogramGroup(file, each, `${path}/${each.name}`));
    const dims: Readonly<Record<string, Dimension>> = {};
    const attributes = raw.title === "" ? {} : { title: raw.title };
    return { name: raw.name, dims, variables: {}, coordinates: [], attributes, groups: Object.fromEntries(groups) };
  };
  return {
    ...(await folder(root, "")),
    format: "root",
    location: file.location,
    version: file.version,
    servedBy: "direct",
    problems,
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function isEmpty({ folders, trees, histograms }: RawFolder): boolean {
  return trees.length === 0 && histograms.length === 0 && folders.every(isEmpty);
}
