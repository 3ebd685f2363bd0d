/**
 * Files that live in memory: a `Connector` for tests, and the reference for every other one. Locations are
 * `memory:` and a name.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: memory() } });
 * await twin.files.write("memory:events", dataset({ variables: { energies } }));
 * const events = await twin.files.open("memory:events");
 *
 * @packageDocumentation
 */
export { Memory } from "./memory.ts";
export { type MemoryOptions, memory } from "./plugin.ts";
