export {
  AccessLog,
  type AccessRecord,
  type SourceAccess,
  type VariableAccess,
  withDigests,
} from "./access-log.ts";
export { watchReads } from "./watch-reads.ts";
export type { OnRead, ReadEvent } from "./watched.ts";
