import { defineConfig } from "vitest/config";

const source = {
  resolve: { conditions: ["@twinloom/source"] },
  ssr: { resolve: { conditions: ["@twinloom/source"] } },
};

export default defineConfig({
  ...source,
  test: {
    projects: [
      {
        ...source,
        test: { name: "unit", include: ["test/{core,modules,thematic,cli}/**/*.test.ts"], testTimeout: 60_000 },
      },
      { ...source, test: { name: "architecture", include: ["test/architecture/**/*.test.ts"], testTimeout: 120_000 } },
      {
        ...source,
        test: { name: "examples", include: ["test/{examples,package}/**/*.test.ts"], testTimeout: 300_000 },
      },
      { ...source, test: { name: "services", include: ["test/services/**/*.test.ts"], testTimeout: 300_000 } },
    ],
  },
});
