// Writes schemas/*.schema.json. A test fails when the files are not in step:
//
//   npx --no-install node --conditions=@twinloom/source scripts/make-lifecycle-schemas.ts
import { mkdir, writeFile } from "node:fs/promises";
import { collectionJsonSchema } from "../core/batch/collect/index.ts";
import { lifecycleJsonSchemas } from "../core/index.ts";

await mkdir("schemas", { recursive: true });
for (const [file, schema] of Object.entries({
  ...lifecycleJsonSchemas(),
  "collection.schema.json": collectionJsonSchema(),
})) {
  await writeFile(`schemas/${file}`, `${JSON.stringify(schema, null, 2)}\n`);
}
