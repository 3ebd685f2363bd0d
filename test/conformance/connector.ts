import type { AttributeValue, Connector, Dataset, DType } from "../../core/index.ts";
import { errorCases } from "./connector-error-cases.ts";
import { readCases } from "./connector-read-cases.ts";
import { writeCases } from "./connector-write-cases.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** A connector under test, with a file that it did not write. */
export interface ConnectorFixture {
  readonly connector: Connector;
  /** A file written by another program, so that a fault that is the same on both sides cannot hide. */
  readonly location: string;
  /**
   * What is in that file, made in memory with `dataset()`. It needs a numeric variable of two or more dimensions, and a
   * coordinate.
   */
  readonly truth: Dataset;
  /** Where a new file may be written; another one each time. */
  newLocation(): string;
  /** Files that are there but are not of this format: of other content, cut short. */
  readonly unreadable: readonly string[];
  /** Dtypes that the format can hold; all by default. */
  readonly dtypes?: readonly DType[];
  /** Attributes that the format needs and writing adds to variables: `{ _FillValue: NaN }`. None by default. */
  readonly addedAttributes?: Readonly<Record<string, AttributeValue>>;
  /** How many files the connector holds open; on Linux the suite can count those of the file system itself. */
  openFiles?(): number;
  /** Stops the connector and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** Every promise of {@link Connector}. A case rejects when its promise is broken, with any test runner or none. */
export const connectorCases: readonly ConformanceCase<ConnectorFixture>[] = [
  ...readCases,
  ...errorCases,
  ...writeCases,
];

/**
 * Registers the conformance suite for connectors.
 *
 * @param setup - Makes a fixture; called for every case.
 *
 * @example
 * testConnector(async () => ({
 *   connector: new Hdf5(),
 *   location: "test/fixtures/conformance.h5", // written by h5py
 *   truth: dataset({ … }),
 *   newLocation: () => join(folder, `${count++}.h5`),
 *   unreadable: ["test/fixtures/notes.txt"],
 * }));
 */
export function testConnector(setup: () => Promise<ConnectorFixture>, options?: ConformanceOptions): void {
  register("Connector", connectorCases, setup, options);
}
