export { PartChangedError, PartsDisagreeError, PartUnavailableError } from "./errors.ts";
export { type FederatedDataset, federate } from "./federate.ts";
export type { FederatedPlace } from "./federated-view.ts";
export type { FederateOptions } from "./options.ts";
export type { DatasetPart } from "./part.ts";
export type {
  CoordinateGap,
  CoordinateOverlap,
  FederatedConversion,
  FederatedPart,
  FederatedPartFacts,
  FederationReport,
} from "./report.ts";
