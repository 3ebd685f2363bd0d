export {
  FileClosedError,
  FileExistsError,
  FileNotFoundError,
  FileUnreadableError,
  ReadFailedError,
  WriteFailedError,
} from "./errors.ts";
export { openDataset, recognise } from "./open-dataset.ts";
export { type AtomicWriteOptions, writeAtomically, writeFileAtomically } from "./write-atomically.ts";
