import type { Source } from "../../core/index.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";
import { sourceListCases } from "./source-list-cases.ts";
import { sourceReadCases } from "./source-read-cases.ts";

/** A source under test, with files that the suite knows. */
export interface SourceFixture {
  readonly source: Source;
  /** A location that ends in a slash, under which lie the files of {@link sourceSample} and nothing else. */
  readonly folder: string;
  /** The location of a name of the sample; `folder` and the name by default. */
  locationOf?(name: string): string;
  /** Stops servers and removes what the fixture made. */
  dispose?(): Promise<void>;
}

/** Every promise of {@link Source}. A case rejects when its promise is broken, with any test runner or none. */
export const sourceCases: readonly ConformanceCase<SourceFixture>[] = [...sourceReadCases, ...sourceListCases];

/**
 * Registers the conformance suite for sources.
 *
 * @param setup - Makes a fixture; called for every case. Where a server cannot list, skip the cases that say "lists".
 *
 * @example
 * testSource(async () => {
 *   const server = await startServer(sourceSample());
 *   return { source: new MySource(), folder: `${server.url}/data/`, dispose: () => server.close() };
 * });
 */
export function testSource(setup: () => Promise<SourceFixture>, options?: ConformanceOptions): void {
  register("Source", sourceCases, setup, options);
}
