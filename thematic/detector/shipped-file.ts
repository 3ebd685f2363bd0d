import { fileURLToPath } from "node:url";

/** Path of a data file of this folder; the build copies them beside the compiled code. */
export function shippedFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
