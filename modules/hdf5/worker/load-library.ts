import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { HdfLibrary, type HdfModule, LibraryError } from "./library.ts";

/** Loads h5wasm, and where it is installed, h5wasm-plugins. */
export async function loadLibrary(): Promise<HdfLibrary> {
  // A path of native plug-ins would be offered to the WebAssembly loader, which cannot use them.
  delete process.env["HDF5_PLUGIN_PATH"];
  const module = await importModule();
  const errors = captureErrors(module);
  const plugins = pluginFolder();
  if (plugins !== undefined) module.insert_plugin_search_path(plugins, 0);
  return new HdfLibrary(module, errors);
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

/** HDF5 prints its error stack to standard error; take it from there. */
function captureErrors(module: HdfModule): { text: string } {
  const errors = { text: "" };
  const write = (_stream: unknown, heap: Uint8Array, offset: number, length: number): number => {
    errors.text += Buffer.from(heap.buffer, heap.byteOffset + offset, length).toString("utf8");
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
