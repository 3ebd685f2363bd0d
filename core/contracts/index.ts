export { Clock } from "./clock.ts";
export { Connector, type OpenDataset, type WriteOptions } from "./connector.ts";
export {
  type GeneratedBatch,
  type GenerateRequest,
  Generator,
  type GeneratorOutput,
  type ValidityRange,
} from "./generator.ts";
export { HdfFiles } from "./hdf-files.ts";
export { Log, type LogFields } from "./log.ts";
export {
  type Axis,
  type Figure,
  Report,
  type ReportDocument,
  type ReportSection,
  type Series,
  type Table,
} from "./report.ts";
export { type Token, token, tokenName } from "./token.ts";
