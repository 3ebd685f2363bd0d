/**
 * Batches on this computer: arrays run as processes, a bounded number at the same time, and go on when the program that
 * submitted them has ended.
 *
 * @example
 * await using twin = await createTwin({ plugins: { executor: local({ processes: 4 }) } });
 *
 * @packageDocumentation
 */
export { LocalExecutor, type LocalExecutorOptions } from "./local-executor.ts";
export { local } from "./plugin.ts";
