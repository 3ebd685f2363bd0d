import type { Digest } from "../canonical/digest.ts";
import type { Plugin } from "./plugin.ts";

/** Plugins under the names the user gives their parts. */
export type Plugins = Readonly<Record<string, Plugin>>;

/**
 * Which part meets a need, where several could: `{ detector: { generator: "shower" } }` reads "the need `generator` of
 * the part `detector` is met by the part `shower`". A `many` need takes a list.
 */
export type Wiring<P extends Plugins = Plugins> = {
  readonly [Part in keyof P]?: Readonly<Record<string, PartName<P> | readonly PartName<P>[]>>;
};

type PartName<P extends Plugins> = keyof P & string;

/** What a twin is made of: a value, the same from code and from a twin.yaml. */
export interface Composition<P extends Plugins = Plugins> {
  /** Name of the twin, for logs and run records; `"twin"` by default. */
  readonly name?: string;
  readonly plugins: P;
  readonly wire?: Wiring<NoInfer<P>>;
  /** Ranges of plugin versions that this composition was made for, by part: `{ files: "^1.2" }`. */
  readonly versions?: { readonly [Part in keyof NoInfer<P>]?: string };
  /** Plans by name; the runner reads them. */
  readonly plans?: Readonly<Record<string, unknown>>;
  /** How far outputs of two runs may be apart and still be equivalent (`Tolerances`); those who compare runs read it. */
  readonly tolerances?: Readonly<Record<string, unknown>>;
  /** The file that the composition was read from; messages then say where in it. */
  readonly source?: CompositionSource;
  /** The sealed version that this is, where it came from a store; runs are recorded as made with it. */
  readonly restoredFrom?: Digest;
}

/** The parts of a composition, each typed as its plugin makes it. */
export type Parts<P extends Plugins> = { readonly [K in keyof P]: P[K] extends Plugin<infer Part> ? Part : never };

/** Where in a composition something is: `["plugins", "detector", "geometry"]`. */
export type CompositionPath = readonly (string | number)[];

/** A file that a composition was read from. */
export interface CompositionSource {
  /** Absolute path. */
  readonly file: string;
  /** Position of a key or of its value; of the nearest parent that exists where the path itself does not. */
  locate(path: CompositionPath, at?: "key" | "value"): SourcePosition;
}

/** A position in a file; lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a composition. */
export type ProblemCode =
  | "TWIN_UNMET_NEED"
  | "TWIN_AMBIGUOUS_PROVIDER"
  | "TWIN_DEPENDENCY_CYCLE"
  | "TWIN_NAME_CLASH"
  | "TWIN_INVALID_NAME"
  | "TWIN_INVALID_PLUGIN"
  | "TWIN_INVALID_OPTIONS"
  | "TWIN_INVALID_WIRE"
  | "TWIN_VERSION_MISMATCH";

/** One thing that is wrong with a composition. */
export interface Problem {
  readonly code: ProblemCode;
  /** The user's name of the part that has the problem. */
  readonly part: string;
  readonly message: string;
  readonly path: CompositionPath;
  /** Whether the key at `path` is wrong, or its value. */
  readonly at: "key" | "value";
  /** Where it is written, for a composition that was read from a file. */
  readonly position?: SourcePosition;
}
