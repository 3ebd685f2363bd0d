import { describeHistogram, isHistogram } from "./describe-histogram.ts";
import { describeTree, type MemberOf } from "./describe-tree.ts";
import { RequestFailure, reasonOf } from "./failure.ts";
import type { RawFile, RawFolder, RawHistogram, RawProblem, RawTree } from "./protocol.ts";
import type { ObjectKeyWithCycle, RootFile } from "./root-file.ts";

const TREES = new Set(["TTree", "TNtuple", "TNtupleD"]);
const FOLDERS = new Set(["TDirectory", "TDirectoryFile"]);
const NTUPLES = new Set(["ROOT::RNTuple", "ROOT::Experimental::RNTuple"]);
/** jsroot's own entry in the list of keys. */
const HIDDEN = new Set(["StreamerInfo"]);
/** Folders in folders; a damaged file may contain itself. */
const MAX_DEPTH = 50;

/** Everything but the values. `tick` is called as work goes on, and throws when nobody waits for it. */
export async function describeFile(file: RootFile, tick: () => void): Promise<RawFile> {
  const problems: RawProblem[] = [];
  const ntuples: string[] = [];
  const seen = new Set<number>();

  const folder = async (keys: readonly ObjectKeyWithCycle[], place: Place): Promise<RawFolder> => {
    const folders: RawFolder[] = [];
    const trees: RawTree[] = [];
    const histograms: RawHistogram[] = [];
    for (const { key, name } of namedKeys(keys)) {
      tick();
      const path = `${place.path}/${name}`;
      const problem = (reason: string): void => void problems.push({ path, reason });
      try {
        if (FOLDERS.has(key.className)) {
          if (seen.has(key.position) || place.depth >= MAX_DEPTH) throw new Error("it contains itself");
          seen.add(key.position);
          const below = { name, title: key.title, path, depth: place.depth + 1 };
          folders.push(await folder(await file.keysOf(key), below));
        } else if (TREES.has(key.className)) {
          const tell = (below: string, reason: string): void => void problems.push({ path: `${path}${below}`, reason });
          const memberOf: MemberOf = (owner, index) => file.memberOf(owner, index);
          trees.push({ ...describeTree(await file.object(key), { memberOf, tell }), name });
        } else if (isHistogram(key.className)) {
          histograms.push(describeHistogram(await file.object(key), key, name));
        } else if (NTUPLES.has(key.className)) {
          ntuples.push(path);
        } else if (!HIDDEN.has(key.name)) {
          problem(`objects of ${key.className || "no class"} are not shown`);
        }
      } catch (error) {
        // What the source or the caller says ends it all; what is damaged is told, and the rest is read.
        if (error instanceof RequestFailure && error.kind !== "file") throw error;
        problem(`it cannot be read: ${reasonOf(error)}`);
      }
    }
    return { name: place.name, title: place.title, folders, trees, histograms };
  };

  const root = await folder(file.keys, { name: "", title: "", path: "", depth: 0 });
  return { root, problems, ntuples };
}

interface Place {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly depth: number;
}

/** Of the cycles of an object the newest has the plain name, as in ROOT; older ones are `name;1`. */
function namedKeys(keys: readonly ObjectKeyWithCycle[]): { readonly key: ObjectKeyWithCycle; readonly name: string }[] {
  const newest = new Map<string, number>();
  for (const { name, cycle } of keys) newest.set(name, Math.max(cycle, newest.get(name) ?? 0));
  const used = new Set<string>();
  const named: { key: ObjectKeyWithCycle; name: string }[] = [];
  for (const key of keys) {
    // A slash parts groups, here.
    const plain = key.name.replaceAll("/", "_") || "unnamed";
    let name = key.cycle === newest.get(key.name) ? plain : `${plain};${key.cycle}`;
    while (used.has(name)) name = `${name}_`;
    used.add(name);
    named.push({ key, name });
  }
  return named;
}
