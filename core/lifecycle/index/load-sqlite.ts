type Sqlite = typeof import("node:sqlite");

/**
 * SQLite, where this Node has it (22.13 and later; some before behind a flag). Some say on standard error that it is
 * experimental: not what somebody wants to read who lists versions, and nothing depends on it.
 */
export function loadSqlite(): Sqlite | undefined {
  const { emitWarning } = process;
  try {
    process.emitWarning = () => undefined;
    // Synchronous, so that no other warning can come in between.
    return process.getBuiltinModule?.("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}
