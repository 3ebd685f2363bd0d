import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository's root. */
export const REPOSITORY: string = fileURLToPath(new URL("../..", import.meta.url));

/** Paths, relative to the root, of files that are tracked or would be. */
export function repositoryFiles(...patterns: readonly string[]): readonly string[] {
  const arguments_ = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ...patterns];
  const listed = execFileSync("git", arguments_, { cwd: REPOSITORY, encoding: "utf8", maxBuffer: 64e6 });
  return listed.split("\n").filter((path) => path !== "");
}

/** Text of a file of the repository. */
export function readRepositoryFile(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}
