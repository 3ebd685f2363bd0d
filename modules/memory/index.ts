/**
 * Files and streams that live in memory, for tests, and the references for every other one: a `Connector` whose locations
 * are `memory:` and a name, and an `EventStream`.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: memory(), events: memoryStream() } });
 * await twin.files.write("memory:events", dataset({ variables: { energies } }));
 * const events = await twin.files.open("memory:events");
 *
 * @packageDocumentation
 */
export { Memory } from "./memory.ts";
export { MemoryStream, type MemoryStreamLimits } from "./memory-stream.ts";
export { type MemoryOptions, memory } from "./plugin.ts";
export { type MemoryStreamOptions, memoryStream } from "./stream-plugin.ts";
