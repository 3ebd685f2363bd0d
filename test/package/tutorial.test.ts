import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject, it } from "vitest";
import { REPOSITORY, readRepositoryFile } from "../architecture/repository.ts";
import { runPage } from "../examples/docs-page.ts";
import { nodeVersions, plainEnvironment } from "./consumer.ts";

it("the tutorial works as it is written, in an empty folder, with the system's Node", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-tutorial-"));
  try {
    await cp(inject("packed").tarball, join(folder, "twinloom.tgz"));
    await cp(join(REPOSITORY, "examples/data/showers-sample.h5"), join(folder, "showers-sample.h5"));
    const quiet = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" };
    const environment = { ...plainEnvironment(nodeVersions().at(-1)), ...quiet };
    await runPage(readRepositoryFile("docs/tutorials/ten-minutes.md"), folder, environment);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
