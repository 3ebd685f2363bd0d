import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, inject, it } from "vitest";
import { REPOSITORY, readRepositoryFile } from "../architecture/repository.ts";
import { runPage, runShell } from "../examples/docs-page.ts";
import { type NodeVersion, nodeVersions, plainEnvironment } from "./consumer.ts";

const [developers, users = developers] = nodeVersions();
let folder: string;

function environment(node: NodeVersion | undefined): NodeJS.ProcessEnv {
  const quiet = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" };
  return { ...plainEnvironment(node), ...quiet };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-page-"));
  await cp(inject("packed").tarball, join(folder, "twinloom.tgz"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("the tutorial works as it is written, in an empty folder, with the system's Node", async () => {
  await cp(join(REPOSITORY, "examples/data/showers-sample.h5"), join(folder, "showers-sample.h5"));
  await runPage(readRepositoryFile("docs/tutorials/ten-minutes.md"), folder, environment(users));
});

describe("where the package is installed, with the system's Node", () => {
  let installed: string;
  beforeAll(async () => {
    installed = await mkdtemp(join(tmpdir(), "twinloom-installed-"));
    await cp(inject("packed").tarball, join(installed, "twinloom.tgz"));
    const install = "npm init --yes && npm install ./twinloom.tgz h5wasm@0.10.3 vega@6";
    await runShell({ text: install, line: 0, language: "sh" }, installed, environment(users));
  });
  afterAll(() => rm(installed, { recursive: true, force: true }));

  it.for(["docs/how-to/own-showers.md", "docs/how-to/offline-node.md", "docs/reference/twin-yaml.md"])(
    "%s works as it is written",
    async (page) => {
      await cp(installed, folder, { recursive: true, verbatimSymlinks: true });
      await runPage(readRepositoryFile(page), folder, environment(users));
    },
  );
});

it("a plugin is written as the page says, in an empty folder, and all its TypeScript compiles", async () => {
  await runPage(readRepositoryFile("docs/write-a-plugin.md"), folder, environment(developers));
  const everything = { extends: "./tsconfig.json", files: [], include: ["*.ts"] };
  await writeFile(join(folder, "tsconfig.all.json"), JSON.stringify(everything));
  const compile = { text: "npx tsc --noEmit -p tsconfig.all.json", line: 0, language: "sh" };
  await runShell(compile, folder, environment(developers));
});
