// Copies what the sources read beside themselves (geometries, tables of constants, trained models with their cards, wire
// contracts, site profiles) to the same place below dist/, so that `new URL("./file", import.meta.url)` finds it from both. The training recipe and what
// its runs leave are not part of the package.
import { cp, glob } from "node:fs/promises";

const ASSETS = "{core,modules,thematic,cli,protos,test/conformance}/**/*.{xml,json,yaml,css,wasm,onnx,proto,py,txt}";

const NOT_SHIPPED = "modules/fastsim/training/**";

for await (const path of glob(ASSETS, { exclude: [NOT_SHIPPED] })) await cp(path, `dist/${path}`);
