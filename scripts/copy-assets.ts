// Copies what the sources read beside themselves (geometries, tables of constants) to the same place below dist/, so
// that `new URL("./file", import.meta.url)` finds it from both.
import { cp, glob } from "node:fs/promises";

const ASSETS = "{core,modules,thematic,cli,test/conformance}/**/*.{xml,json,css,wasm,py,txt}";

for await (const path of glob(ASSETS)) await cp(path, `dist/${path}`);
