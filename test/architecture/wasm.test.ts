import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile, repositoryFiles } from "./repository.ts";

it("each .wasm is what scripts/make-wasm.sh made of the .wat beside it", () => {
  const paths = repositoryFiles("*.wasm").flatMap((path) => [path.replace(/wasm$/, "wat"), path]);
  const lines = paths.map((path) => {
    const digest = createHash("sha256")
      .update(readFileSync(join(REPOSITORY, path)))
      .digest("hex");
    return `${digest}  ${path}\n`;
  });
  expect(lines.join("")).toBe(readRepositoryFile("test/fixtures/wasm.sha256"));
});
