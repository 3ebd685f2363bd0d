// Writes docs/reference/climate-indices.md. A test fails when the page is not in step:
//
//   npx --no-install node --conditions=@twinloom/source scripts/make-climate-reference.ts
import { writeFile } from "node:fs/promises";
import { climateReference, INDEX_FAMILIES } from "./climate-reference.ts";

await writeFile("docs/reference/climate-indices.md", climateReference(INDEX_FAMILIES));
