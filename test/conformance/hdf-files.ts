import type { HdfColumn, HdfFiles, NdArray } from "../../core/index.ts";
import { hdfFilesReadCases } from "./hdf-files-read-cases.ts";
import { hdfFilesWriteCases } from "./hdf-files-write-cases.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** Access to HDF5 under test, with a file that it did not write. */
export interface HdfFilesFixture {
  readonly hdfFiles: HdfFiles;
  /** A file written by another program, so that a fault that is the same on both sides cannot hide. */
  readonly location: string;
  /** What is in that file: columns, and all their values. It needs one of two dimensions, and a member of a compound. */
  readonly truth: readonly { readonly column: HdfColumn; readonly values: NdArray }[];
  /** A column of variable-length sequences in a file of another program. */
  readonly ragged: {
    readonly location: string;
    readonly column: HdfColumn;
    readonly counts: readonly number[];
    readonly values: NdArray;
  };
  /** Where a new file may be written; another one each time. */
  newLocation(): string;
  /** Files that are there but are no HDF5: of other content, cut short. */
  readonly unreadable: readonly string[];
  /** Stops the plugin and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** Every promise of {@link HdfFiles}. A case rejects when its promise is broken, with any test runner or none. */
export const hdfFilesCases: readonly ConformanceCase<HdfFilesFixture>[] = [...hdfFilesReadCases, ...hdfFilesWriteCases];

/**
 * Registers the conformance suite for raw access to HDF5.
 *
 * @param setup - Makes a fixture; called for every case.
 */
export function testHdfFiles(setup: () => Promise<HdfFilesFixture>, options?: ConformanceOptions): void {
  register("HdfFiles", hdfFilesCases, setup, options);
}
