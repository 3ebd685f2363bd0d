import type { AttributeValue, Connector, Dataset, DType } from "../../core/index.ts";
import { assertRejects } from "./compare.ts";
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
   * What is in that file, made in memory with `dataset()`. It needs a numeric variable of two or more dimensions (of one in
   * a table), and a coordinate.
   */
  readonly truth: Dataset;
  /** Where a new file may be written; another one each time. */
  newLocation(): string;
  /** Files that are there but are not of this format: of other content, cut short. */
  readonly unreadable: readonly string[];
  /** Dtypes that the format can hold; all by default. */
  readonly dtypes?: readonly DType[];
  /**
   * Whether the format holds tables and nothing else: variables on one dimension, called `row`, with units but without
   * attributes. False by default.
   */
  readonly isTable?: boolean;
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

/** The promises of a {@link Connector} whose format is only read. */
export const readOnlyConnectorCases: readonly ConformanceCase<ConnectorFixture>[] = [
  ...readCases,
  ...errorCases,
  {
    name: "refuses to write a format that is only read, and makes no file",
    async run({ connector, truth, newLocation }) {
      const location = newLocation();
      await assertRejects(connector.write(location, truth), "TWIN_FORMAT_READ_ONLY", "writing", [location]);
      await assertRejects(connector.open(location), "TWIN_FILE_NOT_FOUND", "opening what was not written");
    },
  },
];

/**
 * Registers the conformance suite for connectors.
 *
 * @param setup - Makes a fixture; called for every case.
 * @param options - `isReadOnly`: the format is only read; that writing is refused takes the place of the cases of writing.
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
export function testConnector(
  setup: () => Promise<ConnectorFixture>,
  options: ConformanceOptions & { readonly isReadOnly?: boolean } = {},
): void {
  const { isReadOnly = false, ...rest } = options;
  register("Connector", isReadOnly ? readOnlyConnectorCases : connectorCases, setup, rest);
}
