/** How this very command line is started again, by another process: with the same Node.js, of the same installation. */
export function ownCommand(): readonly [string, ...string[]] {
  const [program = "twinloom"] = process.argv.slice(1, 2);
  return [process.execPath, ...process.execArgv, program];
}
