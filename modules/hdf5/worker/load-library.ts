import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HdfLibrary, type HdfModule, LibraryError } from "./library.ts";

/** Loads h5wasm, and where it is installed, h5wasm-plugins. */
export async function loadLibrary(): Promise<HdfLibrary> {
  // A path of native plug-ins would be offered to the WebAssembly loader, which cannot use them.
  delete process.env["HDF5_PLUGIN_PATH"];
  const memory = limitMemory();
  const module = await importModule();
  const errors = captureErrors(module);
  const plugins = pluginFolder();
  if (plugins !== undefined) module.insert_plugin_search_path(plugins, 0);
  return new HdfLibrary(module, { errors, memory });
}

/**
 * HDF5 takes, and fills, as much memory as a damaged file claims that a string is long. In this thread, WebAssembly gets no
 * more than is allowed; HDF5 then fails as without memory.
 */
function limitMemory(): { bytes: number } {
  const limit = { bytes: Number.POSITIVE_INFINITY };
  const { prototype } = (globalThis as unknown as WebAssemblyScope).WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WasmMemory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE_BYTES > limit.bytes) throw new RangeError("more memory than is allowed");
    return grow.call(this, pages);
  };
  return limit;
}

/** Of WebAssembly. */
const PAGE_BYTES = 65_536;

/** What we need of WebAssembly's own typings, which come with a DOM. */
interface WebAssemblyScope {
  readonly WebAssembly: { readonly Memory: { readonly prototype: WasmMemory } };
}

interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

async function importModule(): Promise<HdfModule> {
  try {
    const library: { readonly default: { readonly ready: Promise<unknown> } } = await import("h5wasm/node");
    // Its typings do not name all functions that it has; library.ts lists what we use.
    return (await library.default.ready) as HdfModule;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === "ERR_MODULE_NOT_FOUND" && message.includes("h5wasm");
    throw new LibraryError(missing ? "package" : "fatal", message);
  }
}

/** Characters of HDF5's messages that are kept; on a damaged file it may print for ever. */
const MAX_ERROR_TEXT = 2 ** 16;

/** HDF5 prints its error stack to standard error; take it from there. */
function captureErrors(module: HdfModule): { text: string } {
  const errors = { text: "" };
  const write = (_stream: unknown, heap: Uint8Array, offset: number, length: number): number => {
    if (errors.text.length < MAX_ERROR_TEXT) {
      errors.text += Buffer.from(heap.buffer, heap.byteOffset + offset, length).toString("utf8");
    }
    return length;
  };
  const stream = module.FS.streams[2] as Record<string, unknown>;
  Object.assign(stream, { stream_ops: { write }, tty: true, flags: 2, node: stream["node"] ?? {} });
  return errors;
}

function pluginFolder(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve("h5wasm-plugins/package.json")), "plugins");
  } catch {
    return undefined;
  }
}
