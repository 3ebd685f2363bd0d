import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const REPOSITORY = new URL("../..", import.meta.url).pathname;
const CONFIG = join(REPOSITORY, ".dependency-cruiser.json");
const CRUISE = join(REPOSITORY, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");

/** A tree in which every arrow points down: no rule may object to it. */
const SOUND = {
  "core/index.ts": `export * from "./kernel/create-twin.ts";`,
  "core/kernel/create-twin.ts": `import type { B } from "./resolve-parts.ts"; export interface A { b: B }`,
  "core/kernel/resolve-parts.ts": `import "inversify"; import type { A } from "./create-twin.ts"; export interface B { a: A }`,
  "modules/hdf5/index.ts": `import "../../core/index.ts"; import "./reader.ts"; export const hdf5 = 1;`,
  "modules/hdf5/reader.ts": `import "h5wasm"; import "zod"; import "node:fs"; export const reader = 1;`,
  "modules/report/index.ts": `import "../../core/index.ts"; import "vega"; export const report = 1;`,
  "modules/serving/index.ts": `import "../../core/index.ts"; import "./server.ts"; export const serving = 1;`,
  "modules/serving/server.ts": `import "@grpc/grpc-js"; import "prom-client"; import "../../protos/gen/inference.ts"; export const server = 1;`,
  "protos/gen/inference.ts": `export type Request = object;`,
  "thematic/detector/index.ts": `import "../../core/index.ts"; import "./showers.ts"; export const detector = 1;`,
  "thematic/detector/showers.ts": `export const showers = 1;`,
  "thematic/detector/preset.ts": `import "../../modules/hdf5/index.ts"; import "./index.ts"; export const preset = 1;`,
  "thematic/climate/index.ts": `export const climate = 1;`,
  "cli/main.ts": `import "commander"; import "../core/index.ts"; import "../modules/hdf5/index.ts";`,
  "examples/one.ts": `import "../core/index.ts"; import "../thematic/detector/index.ts";`,
  "test/conformance/index.ts": `import "../../core/index.ts"; export const suite = 1;`,
};

/** One line that breaks one rule: file → [line, the rule that must object]. */
const VIOLATIONS: Readonly<Record<string, readonly [line: string, rule: string]>> = {
  "core/data/up.ts": [`import "../../modules/hdf5/index.ts";`, "core-imports-nothing-of-ours"],
  "core/data/up-type.ts": [
    `import type { detector } from "../../thematic/detector/index.ts"; export type X = typeof detector;`,
    "core-imports-nothing-of-ours",
  ],
  "modules/csv/sideways.ts": [`import "../hdf5/index.ts";`, "module-imports-core-front-door-only"],
  "modules/csv/deep.ts": [`import "../../core/kernel/create-twin.ts";`, "module-imports-core-front-door-only"],
  "modules/csv/up.ts": [`import "../../thematic/climate/index.ts";`, "module-imports-core-front-door-only"],
  "thematic/climate/module.ts": [`import "../../modules/hdf5/index.ts";`, "thematic-imports-core-front-door-only"],
  "thematic/climate/sideways.ts": [`import "../detector/index.ts";`, "thematic-imports-core-front-door-only"],
  "thematic/climate/deep.ts": [`import "../../core/kernel/create-twin.ts";`, "thematic-imports-core-front-door-only"],
  "thematic/climate/preset.ts": [`import "../../modules/hdf5/reader.ts";`, "preset-imports-front-doors-only"],
  "cli/deep.ts": [`import "../modules/hdf5/reader.ts";`, "cli-imports-front-doors-only"],
  "examples/deep.ts": [`import "../thematic/detector/showers.ts";`, "examples-import-front-doors-only"],
  "examples/cli.ts": [`import "../cli/main.ts";`, "examples-import-front-doors-only"],
  "test/conformance/deep.ts": [`import "../../modules/hdf5/index.ts";`, "conformance-imports-core-front-door-only"],
  "core/kernel/second-container.ts": [`import "inversify";`, "inversify-behind-one-door"],
  "core/data/metadata.ts": [`import "reflect-metadata";`, "inversify-behind-one-door"],
  "thematic/climate/hdf.ts": [`import "h5wasm";`, "h5wasm-behind-one-door"],
  "examples/dynamic-hdf.ts": [`export const lazy = import("h5wasm");`, "h5wasm-behind-one-door"],
  "modules/csv/filters.ts": [`import "h5wasm-plugins";`, "h5wasm-behind-one-door"],
  "thematic/climate/plot.ts": [`import "vega";`, "vega-behind-one-door"],
  "core/run/arguments.ts": [`import "commander";`, "commander-behind-one-door"],
  "cli/spec.ts": [`import "yaml";`, "yaml-behind-one-door"],
  "core/run/range.ts": [`import "semver";`, "semver-behind-one-door"],
  "modules/csv/log.ts": [`import "pino";`, "pino-behind-one-door"],
  "core/run/canonical.ts": [`import "canonicalize";`, "canonicalize-behind-one-door"],
  "core/run/xml.ts": [`import "fast-xml-parser";`, "xml-behind-one-door"],
  "modules/csv/root.ts": [`export const lazy = import("jsroot/io");`, "jsroot-behind-one-door"],
  "modules/csv/store.ts": [`export const lazy = import("zarrita");`, "zarrita-behind-one-door"],
  "core/data/rows.ts": [`export const lazy = import("csv-parse");`, "csv-parse-behind-one-door"],
  "core/sources/sign.ts": [`export const lazy = import("aws4fetch");`, "aws4fetch-behind-one-door"],
  "modules/csv/session.ts": [`export const lazy = import("onnxruntime-node");`, "onnxruntime-behind-one-door"],
  "modules/csv/wire.ts": [`export const lazy = import("@bufbuild/protobuf/wire");`, "protobuf-behind-two-doors"],
  "modules/csv/contract.ts": [
    `import type { Request } from "../../protos/gen/inference.ts"; export type X = Request;`,
    "protos-behind-one-door",
  ],
  "cli/contract.ts": [`import "../protos/gen/inference.ts";`, "cli-imports-front-doors-only"],
  "modules/csv/call.ts": [`export const lazy = import("@grpc/grpc-js");`, "grpc-behind-one-door"],
  "cli/health.ts": [`export const lazy = import("grpc-health-check");`, "grpc-behind-one-door"],
  "core/run/metrics.ts": [`export const lazy = import("prom-client");`, "prometheus-behind-one-door"],
  "modules/csv/events.ts": [`export const lazy = import("mqtt");`, "mqtt-behind-one-door"],
  "core/run/broker.ts": [`export const lazy = import("aedes");`, "mqtt-behind-one-door"],
  "modules/csv/patterns.ts": [`import "picomatch";`, "picomatch-behind-one-door"],
  "modules/csv/stranger.ts": [`import "fast-check";`, "every-package-has-a-door"],
  "core/data/test.ts": [`import "../../test/core/x.ts";`, "tests-are-not-imported"],
  "modules/csv/a.ts": [`import "./b.ts"; export const a = 1;`, "no-cycle-at-run-time"],
  "modules/csv/typo.ts": [`import "./no-such-file.ts";`, "everything-resolves"],
};

/** What violations need beside themselves. */
const SUPPORT = { "modules/csv/b.ts": `import "./a.ts"; export const b = 1;`, "test/core/x.ts": `export const x = 1;` };

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

describe("the layer rules", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "twinloom-layers-"));
    await symlink(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
    for (const file of ["tsconfig.json", "package.json"]) await cp(join(REPOSITORY, file), join(root, file));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function violations(tree: Readonly<Record<string, string>>): Promise<readonly Violation[]> {
    for (const [file, text] of Object.entries(tree)) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
    const folders = ["core", "modules", "thematic", "cli", "examples", "protos", "test"];
    const cruise = [CRUISE, "--config", CONFIG, "--output-type", "json", ...folders];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, cruise, {
      cwd: root,
      maxBuffer: 64e6,
    }).catch(
      (failed: { stdout: string; stderr: string }) => failed, // exits with the number of violations
    );
    expect(stderr).toBe("");
    return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
  }

  it("have nothing against a tree in which every arrow points down", async () => {
    expect(await violations(SOUND)).toEqual([]);
  });

  it("each object to the line that breaks them", async () => {
    const broken = Object.fromEntries(Object.entries(VIOLATIONS).map(([file, [line]]) => [file, line]));
    const found = await violations({ ...SOUND, ...SUPPORT, ...broken });
    const rulesOf = (file: string): readonly string[] =>
      found.filter(({ from }) => from === file).map(({ rule }) => rule.name);
    for (const [file, [line, rule]] of Object.entries(VIOLATIONS)) {
      expect(rulesOf(file), `${file}: ${line}`).toContain(rule);
    }
  });

  it("are all proven by a violation above", async () => {
    const { default: config } = (await import(CONFIG, { with: { type: "json" } })) as {
      default: { forbidden: { name: string }[] };
    };
    const proven = new Set(Object.values(VIOLATIONS).map(([, rule]) => rule));
    expect(config.forbidden.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
  });
});
