export { type DatasetPartsOptions, datasetParts, standsForMany } from "./dataset-parts.ts";
export {
  FileClosedError,
  FileExistsError,
  FileNotFoundError,
  FileUnreadableError,
  ReadFailedError,
  ReadTimeoutError,
  WriteFailedError,
} from "./errors.ts";
export { makeFolders } from "./make-folders.ts";
export { connectorFor, openDataset, type RecogniseOptions, recognise } from "./open-dataset.ts";
export { type AtomicWriteOptions, writeAtomically, writeFileAtomically } from "./write-atomically.ts";
