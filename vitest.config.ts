import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Hundreds of tests start a process from the sources; with their types stripped and compiled before, that takes half.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/twinloom-tests");

// `twinloom/…` means the sources (docs/decisions/0002-source-condition.md).
const source = {
  resolve: { conditions: ["@twinloom/source"] },
  ssr: { resolve: { conditions: ["@twinloom/source"] } },
};

// Where continuous integration reads the counts from.
const report = process.env["TWINLOOM_TEST_REPORT"];

// Of the projects whose tests draw inputs at random.
const seeded = ["test/property-seed.ts"];

export default defineConfig({
  ...source,
  test: {
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: ["test/{core,modules,thematic,cli}/**/*.test.ts"],
          setupFiles: seeded,
          testTimeout: 60_000,
        },
      },
      { ...source, test: { name: "architecture", include: ["test/architecture/**/*.test.ts"], testTimeout: 120_000 } },
      {
        ...source,
        test: { name: "examples", include: ["test/examples/**/*.test.ts"], testTimeout: 300_000 },
      },
      {
        ...source,
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: ["test/package/pack.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...source,
        test: {
          name: "services",
          include: ["test/services/**/*.test.ts"],
          setupFiles: seeded,
          testTimeout: 300_000,
          // Brokers and schedulers of others, on a machine that does other things beside: once more where one was too slow.
          // The reporter tells which were tried again.
          retry: 1,
        },
      },
    ],
  },
});
