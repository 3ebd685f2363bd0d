import type { Digest } from "../../canonical/digest.ts";

/** One thing wrong with a store. */
export interface StoreProblem {
  /** `"notice"`: nothing is lost, and nothing fails by it. */
  readonly severity: "error" | "notice";
  readonly kind: "log" | "missing" | "corrupt" | "unreadable" | "damaged" | "layout" | "stray";
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

/** How a lost object comes back. @param versions - That need it. */
export function repairOf(versions: readonly string[]): string {
  if (versions.length === 0) return "Nothing needs it, so nothing is to be done.";
  const names = versions.slice(0, 5).join(" ");
  return `In a store that has it, run "twinloom store pack ${names} --out repair.tar", and here "twinloom store unpack repair.tar"; or copy the file from a copy of this store; or seal again from the same files: equal content has an equal name.`;
}
