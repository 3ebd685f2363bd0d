import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY, readRepositoryFile } from "../architecture/repository.ts";
import { makeReader, READER_ENVIRONMENT } from "./reader.ts";

const programs = readdirSync(join(REPOSITORY, "examples")).filter((file) => file.endsWith(".ts"));

describe.for(programs)("examples/%s", (program) => {
  let folder: string;
  beforeAll(async () => {
    folder = await makeReader();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = (): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)("node", ["--conditions=@twinloom/source", `examples/${program}`], {
      cwd: folder,
      env: { ...READER_ENVIRONMENT, NO_COLOR: "1" },
    });

  it("runs, and says something", async () => {
    const { stdout, stderr } = await run();
    expect(stderr).not.toMatch(/warning|error/i);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(1);
  });

  it("runs a second time beside what the first left", async () => {
    await run();
  });

  it("is in the table of examples/README.md", () => {
    expect(readRepositoryFile("examples/README.md")).toContain(`](${program})`);
  });
});
