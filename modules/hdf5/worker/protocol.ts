import type { HdfFilter, HdfLink, HdfProblem, HdfType } from "../../../core/index.ts";
import type { ValuesAt } from "./stored-header.ts";

/** What the main thread asks of the worker. `file` names an open file; the worker opens it when it has to. */
export type WorkerRequest =
  | { readonly op: "describe"; readonly file: FileKey }
  | {
      readonly op: "read";
      readonly file: FileKey;
      readonly path: string;
      readonly element: ElementLayout;
      readonly chunkShape: readonly number[] | undefined;
      /** Where the values lie, if they may be read from the file directly. */
      readonly direct: DirectValues | undefined;
      readonly slabs: readonly RawSlab[];
    }
  | { readonly op: "close"; readonly file: FileKey }
  | { readonly op: "editOpen"; readonly file: FileKey }
  | { readonly op: "resize"; readonly file: FileKey; readonly path: string; readonly shape: readonly number[] }
  | {
      readonly op: "write";
      readonly file: FileKey;
      readonly path: string;
      readonly slab: RawSlab;
      readonly bytes: Uint8Array;
    }
  | {
      readonly op: "setAttribute";
      readonly file: FileKey;
      readonly path: string;
      readonly name: string;
      readonly value: RawAttributeValue;
      readonly replace: boolean;
    }
  | { readonly op: "createGroup"; readonly file: FileKey; readonly path: string };

/** An open file. */
export interface FileKey {
  readonly id: number;
  /** The user's word for it. */
  readonly location: string;
  /** Where it, or a copy of it, is. */
  readonly path: string;
  /** What must not change while it is read; `undefined` for a file that is being changed. */
  readonly state: FileState | undefined;
}

/** What tells whether a file has changed. */
export interface FileState {
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Values that can be read past HDF5, in the shape of their dataset: one after another, or in plain chunks. */
export type DirectValues =
  | {
      readonly kind: "contiguous";
      readonly shape: readonly number[];
      /** Position in the file of the first. */
      readonly position: number;
    }
  | {
      readonly kind: "chunks";
      readonly shape: readonly number[];
      readonly chunkShape: readonly number[];
      readonly index: { readonly base: number; readonly address: number };
      readonly isCompressed: boolean;
      readonly isShuffled: boolean;
    };

/** A hyperslab, one entry per dimension. */
export interface RawSlab {
  readonly start: readonly number[];
  readonly count: readonly number[];
  readonly step: readonly number[];
}

/** Where the wanted bytes lie in each element as it is in memory. */
export interface ElementLayout {
  /** Bytes of a whole element. */
  readonly size: number;
  /** Byte offsets of the wanted leaves in an element, row-major for array members. */
  readonly offsets: readonly number[];
  /** Bytes of a leaf. */
  readonly leafSize: number;
  readonly leaf: "plain" | "string" | "sequence" | "reference-object" | "reference-region";
  /** Bytes of an element of a sequence. */
  readonly baseSize?: number;
  /** Whether the element holds pointers that HDF5 allocated, which must be given back after reading. */
  readonly pointers: boolean;
}

/** Values of one slab. */
export type RawValues =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "strings"; readonly strings: string[] }
  | {
      readonly kind: "sequences";
      readonly counts: Uint32Array<ArrayBuffer>;
      readonly bytes: Uint8Array<ArrayBuffer>;
    };

/** An attribute to be written: bytes of a numeric type, or strings. `shape` is undefined for a scalar. */
export type RawAttributeValue =
  | {
      readonly kind: "numbers";
      readonly bytes: Uint8Array;
      readonly type: "integer" | "float";
      readonly size: number;
      readonly signed: boolean;
      readonly shape: readonly number[];
    }
  | { readonly kind: "strings"; readonly strings: readonly string[]; readonly shape: readonly number[] };

/** A stored attribute. */
export interface RawAttribute {
  readonly name: string;
  readonly type: HdfType;
  /** Byte order of the values here. */
  readonly bigEndian: boolean;
  readonly shape: readonly number[] | undefined;
  readonly values: RawValues;
}

/** A dataset as the worker describes it. */
export interface RawDataset {
  readonly name: string;
  readonly type: HdfType;
  /** Where the values are, if they are contiguous. */
  readonly valuesAt: ValuesAt | undefined;
  /** Where its chunks are listed, if in a version 1 B-tree. */
  readonly chunkIndex: { readonly base: number; readonly address: number } | undefined;
  readonly shape: readonly number[] | undefined;
  readonly maxShape: readonly (number | undefined)[];
  readonly chunkShape: readonly number[] | undefined;
  readonly filters: readonly HdfFilter[];
  readonly attributes: readonly RawAttribute[];
  readonly scales: readonly (readonly string[])[];
  readonly labels: readonly string[];
  readonly isScale: boolean;
  readonly hasFillValue: boolean | undefined;
  readonly virtualSources: readonly { readonly file: string; readonly path: string }[] | undefined;
}

/** A group as the worker describes it. */
export interface RawGroup {
  readonly name: string;
  readonly attributes: readonly RawAttribute[];
  readonly groups: readonly RawGroup[];
  readonly datasets: readonly RawDataset[];
  readonly links: readonly (HdfLink & { readonly name: string })[];
}

/** Everything but the values. */
export interface RawFile {
  readonly root: RawGroup;
  readonly problems: readonly HdfProblem[];
}

/**
 * Why a request failed: `"open"` the file, `"away"`: the system cannot read it, or it is no longer as it was, `"filter"` is
 * missing, `"package"` is missing, `"cancelled"`, `"operation"`: all else.
 */
export type FailureKind = "open" | "away" | "filter" | "package" | "cancelled" | "operation";

/** Indices in the shared memory of a message; see `WorkerMessage` of the core, which is not loaded in the worker. */
export const CANCELLED = 0;
export const PROGRESS = 1;
