// Writes protos/gen, the TypeScript types of protos/*.proto. A test fails when they are not in step:
//
//   npx --no-install node --conditions=@twinloom/source scripts/make-proto-types.ts
import { makeProtoTypes } from "./proto-types.ts";

await makeProtoTypes("protos/gen");
