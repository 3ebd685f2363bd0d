import type { TwinStore, VersionConfig } from "../core/index.ts";
import { UsageError } from "./errors.ts";

type Parents = VersionConfig["parents"];

const RELATIONS: readonly Parents[number]["relation"][] = ["revision", "derivation", "calibrationOf", "mergeOf"];

/** Reads `ecal@v3` and `calibrationOf:beam@v3`; each version once. */
export async function parseParents(typed: readonly string[], store: TwinStore): Promise<Parents> {
  const parents: Parents = [];
  for (const text of typed) {
    const [relation, name] = splitRelation(text);
    const { digest } = await store.resolve(name);
    if (parents.some((each) => each.digest === digest)) throw new UsageError(`--parent ${text} is given twice.`);
    parents.push({ digest, relation });
  }
  return parents;
}

function splitRelation(text: string): readonly [Parents[number]["relation"], string] {
  const at = text.indexOf(":");
  if (at < 0 || text.startsWith("sha256:")) return ["revision", text];
  const relation = RELATIONS.find((each) => each === text.slice(0, at));
  if (relation === undefined) {
    throw new UsageError(
      `--parent ${text}: "${text.slice(0, at)}" is no relation. There are: ${RELATIONS.join(", ")}.`,
    );
  }
  return [relation, text.slice(at + 1)];
}
