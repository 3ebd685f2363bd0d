export { type DatasetPartsOptions, datasetParts, standsForMany } from "./dataset-parts.ts";
export {
  FileClosedError,
  FileExistsError,
  FileLockedError,
  FileNotFoundError,
  FileUnreadableError,
  ReadFailedError,
  ReadTimeoutError,
  WriteFailedError,
} from "./errors.ts";
export { Journal, type JournalOptions, openJournal } from "./journal/journal.ts";
export { type JournalContents, type ReadJournalOptions, readJournal } from "./journal/read-journal.ts";
export { lockFile, lockHolder } from "./lock-file.ts";
export { makeFolders } from "./make-folders.ts";
export { connectorFor, openDataset, type RecogniseOptions, recognise } from "./open-dataset.ts";
export { identifyProcess, isProcessRunning, type ProcessIdentity } from "./process-identity.ts";
export { type AtomicWriteOptions, writeAtomically, writeFileAtomically } from "./write-atomically.ts";
