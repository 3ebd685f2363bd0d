/**
 * Conformance suites: one per contract, for every implementation, ours or not.
 *
 * @example
 * import { testConnector } from "twinloom/testing";
 * testConnector(async () => ({ connector: myConnector(), location, truth, newLocation, unreadable }));
 *
 * @packageDocumentation
 */
export { type AdaptableFixture, adaptableCases, testAdaptable } from "./adaptable.ts";
export { type ConnectorFixture, connectorCases, readOnlyConnectorCases, testConnector } from "./connector.ts";
export {
  eventStreamCases,
  publishingCases,
  reconnectingCases,
  recordingCases,
  testEventStream,
} from "./event-stream.ts";
export { backPressureCases } from "./event-stream-publish-cases.ts";
export type { EventStreamFixture } from "./event-stream-sample.ts";
export { groupCases, namedCases } from "./event-stream-shared-cases.ts";
export { executorCases, otherClientCases, testExecutor } from "./executor.ts";
export { preemptionCases, timeLimitCases } from "./executor-end-cases.ts";
export type { ExecutorFixture } from "./executor-sample.ts";
export { type GeneratorFixture, generatorCases, testGenerator } from "./generator.ts";
export { type HdfFilesFixture, hdfFilesCases, testHdfFiles } from "./hdf-files.ts";
export { type ModelFixture, modelCases, testModel } from "./model.ts";
export { type ObjectStoreFixture, objectStoreCases, testObjectStore } from "./object-store.ts";
export { corruptObjectCases } from "./object-store-corrupt-cases.ts";
export type { ConformanceCase, ConformanceOptions, TestRunner } from "./register.ts";
export { sampleDataset } from "./sample-dataset.ts";
export { type SourceFixture, sourceCases, testSource } from "./source.ts";
export { sourceSample } from "./source-sample.ts";
