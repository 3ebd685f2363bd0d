import type { Digest } from "../../canonical/digest.ts";

/** One thing wrong with a store. */
export interface StoreProblem {
  /** `"notice"`: nothing is lost, and nothing fails by it. */
  readonly severity: "error" | "notice";
  readonly kind: "log" | "missing" | "corrupt" | "unreadable" | "damaged" | "quarantined" | "layout" | "stray";
  /** The object, where it is one. */
  readonly digest?: Digest;
  /** The file, as a path in the store. */
  readonly file: string;
  /** Versions that need it: `ecal@v7`. */
  readonly versions: readonly string[];
  /** A sentence. */
  readonly problem: string;
  /** What to do. */
  readonly repair: string;
}

/** What {@link verifyStore} found. */
export interface StoreFindings {
  /** Whether nothing is wrong, but for notices. */
  readonly sound: boolean;
  readonly problems: readonly StoreProblem[];
  readonly checked: {
    readonly events: number;
    readonly versions: number;
    readonly objects: number;
    readonly bytes: number;
  };
}

/** Where an object is, in the store. */
export function blobFile(digest: Digest): string {
  return `blobs/sha256/${digest.slice("sha256:".length)}`;
}

/** What an object is for: only the files of a version can be put again from elsewhere. */
export type ObjectUse = "file" | "record";

/**
 * How a lost object comes back.
 *
 * @param versions - That need it.
 * @param use - `"record"`: a manifest, a config or evidence, which sealing again does not bring back.
 */
export function repairOf(versions: readonly string[], use: ObjectUse): string {
  const [one] = versions;
  if (one === undefined) return "Nothing needs it, so nothing is to be done.";
  const again =
    use === "file"
      ? "seal again from the same files: equal content has an equal name"
      : "sealing again does not bring it";
  return `In a store that has it, run "${packCommand(one)}", and here "twinloom store unpack repair.tar"; or copy the file from a copy of this store; ${use === "file" ? "or " : ""}${again}.`;
}

/** How a broken log is mended. @param file - The event, as a path in the store. */
export function repairOfLog(twin: string, file: string): string {
  return `In a copy of this store whose log of it is sound, run "${packCommand(twin)}", and here "twinloom store unpack repair.tar"; or copy "${file}", and whatever else of its folder is damaged, from there. What is before it is sound.`;
}

function packCommand(name: string): string {
  return `twinloom store pack ${inShell(name)} --out repair.tar`;
}

/** A word as a POSIX shell takes it for one. */
function inShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
