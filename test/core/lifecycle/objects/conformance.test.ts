import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { corruptObjectCases, testObjectStore } from "twinloom/testing";
import { describe } from "vitest";
import { MemoryObjects } from "../../../../core/lifecycle/index.ts";
import { fileFixture } from "../../../conformance/broken/broken-object-stores.ts";

describe("files", () => testObjectStore(() => fileFixture()));

describe("memory", () =>
  testObjectStore(
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "twinloom-objects-"));
      return { store: new MemoryObjects(), folder, dispose: () => rm(folder, { recursive: true }) };
    },
    { skip: Object.fromEntries(corruptObjectCases.map(({ name }) => [name, "nothing else reaches its bytes"])) },
  ));
