import { cp, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { REPOSITORY, readRepositoryFile, repositoryFiles } from "../architecture/repository.ts";
import { type Consumer, type Finished, makeConsumer, nodeVersions } from "./consumer.ts";

const { tarball, files } = inject("packed");
const FIXTURES = join(REPOSITORY, "test/fixtures/consumer");
const PUBLISHED_SOURCES = ["core", "modules", "thematic", "cli", "protos", "test/conformance"];
const NPM_INSTALL = "npm install --no-audit --no-fund --prefer-offline --loglevel=error";
const { devDependencies } = JSON.parse(readRepositoryFile("package.json")) as {
  devDependencies: Record<string, string>;
};
/** Of the sample, by numpy: `f["incident_energies"][:].astype("f8").mean()`. */
const MEAN_INCIDENT_MEV = 21_910.7248;
const nodes = nodeVersions();

function expectSuccess(finished: Finished): Finished {
  expect(finished, `${finished.stdout}\n${finished.stderr}`).toMatchObject({ status: 0 });
  return finished;
}

describe("the package", () => {
  it("has each source compiled, with its types, and nothing else that is compiled", () => {
    const sources = PUBLISHED_SOURCES.flatMap((folder) => repositoryFiles(`${folder}/*.ts`));
    const expected = sources.flatMap((path) => [
      `dist/${path.replace(/ts$/, "js")}`,
      `dist/${path.replace(/ts$/, "d.ts")}`,
    ]);
    expect(new Set(files.filter((path) => /\.(?:[cm]?[jt]s)$/.test(path) && path.startsWith("dist/")))).toEqual(
      new Set(expected),
    );
  });

  it("imports of its own files only those that it has", () => {
    const scripts = files.filter((path) => /^dist\/.*\.js$/.test(path));
    const stray = scripts.flatMap((path) => {
      const text = readRepositoryFile(path);
      const names = [...text.matchAll(/(?:\bfrom|^import|\bimport\() ?"(\.[^"]+)"/gm)].map(
        ([, name]) => name as string,
      );
      return names.filter((name) => !files.includes(posix.join(posix.dirname(path), name))).map((name) => [path, name]);
    });
    expect(stray).toEqual([]);
  });

  it("has these files beside", () => {
    expect(files.filter((path) => !/^dist\/.*\.(?:d\.ts|js)$/.test(path))).toMatchInlineSnapshot(`
      [
        "CHANGELOG.md",
        "CITATION.cff",
        "LICENSE",
        "README.md",
        "cli/twinloom.js",
        "dist/core/math/philox.wasm",
        "dist/modules/fastsim/models/gan.card.json",
        "dist/modules/fastsim/models/gan.onnx",
        "dist/modules/fastsim/models/transformer-quality.card.json",
        "dist/modules/fastsim/models/transformer-quality.onnx",
        "dist/modules/fastsim/models/transformer.card.json",
        "dist/modules/fastsim/models/transformer.onnx",
        "dist/modules/root/export/export_root.py",
        "dist/modules/root/export/requirements.txt",
        "dist/modules/root/worker/lz4.wasm",
        "dist/modules/slurm/profiles/juwels-like.yaml",
        "dist/modules/slurm/profiles/lumi-like.yaml",
        "dist/modules/slurm/profiles/vega-like.yaml",
        "dist/protos/inference.proto",
        "dist/protos/twinloom/stream/v1/event.proto",
        "dist/thematic/detector/geometries/w-si-45.json",
        "dist/thematic/detector/geometries/w-si-45.xml",
        "dist/thematic/detector/gflash/constants/w-si-45.json",
        "docs/errors.md",
        "examples/data/showers-sample.h5",
        "package.json",
        "schemas/attestation.schema.json",
        "schemas/collection.schema.json",
        "schemas/event.schema.json",
        "schemas/manifest.schema.json",
        "schemas/policy.schema.json",
        "schemas/version.schema.json",
      ]
    `);
  });
});

describe("in an empty JavaScript project", () => {
  let project: Consumer;
  beforeAll(async () => {
    project = await makeConsumer({ name: "empty", private: true, type: "module" });
    await cp(FIXTURES, project.folder, { recursive: true });
    await cp(join(REPOSITORY, "examples/data"), join(project.folder, "data"), { recursive: true });
    expectSuccess(await project.run(`${NPM_INSTALL} ${tarball} ./acme-meter`));
  });
  afterAll(() => project[Symbol.asyncDispose]());

  it("installs without a script of ours or of anybody's to run", async () => {
    const lock = JSON.parse(await readFile(join(project.folder, "package-lock.json"), "utf8")) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const withScripts = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(withScripts.map(([path]) => path)).toEqual([]);
  });

  it("names the package that is missing, with the line that installs it; running that line is enough", async () => {
    const programs = {
      "needs-hdf5.mjs": ["h5wasm"],
      "needs-plots.mjs": ["vega"],
      "needs-onnx.mjs": ["--ignore-scripts onnxruntime-node"],
      "needs-grpc.mjs": ["@grpc/grpc-js"],
    };
    for (const [program, packages] of Object.entries(programs)) {
      const before = await project.run(`node ${program}`);
      const [, code, install = ""] = /^(TWIN_\w+)\n.*Run: (.*)$/m.exec(before.stdout) ?? [];
      expect({ code, install }, before.stdout + before.stderr).toEqual({
        code: "TWIN_PACKAGE_MISSING",
        install: expect.stringMatching(new RegExp(`^npm install ${packages[0]}`)),
      });
      expectSuccess(await project.run(`${install} --no-audit --no-fund --prefer-offline --loglevel=error`));
      expect(expectSuccess(await project.run(`node ${program}`)).stdout).toBe("works\n");
    }
  });

  it.for(nodes)("composes and runs a twin, with a plugin of somebody else, on Node $version", async (node) => {
    const { stdout, stderr } = expectSuccess(await project.run("node twin.mjs", { node }));
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      node: node.version,
      showers: [200, 45, 16, 9],
      meanIncidentMeV: expect.closeTo(MEAN_INCIDENT_MEV, 2),
      simulated: [200, 45 * 16 * 9],
      record: "succeeded",
      report: true,
    });
  });

  it.for(nodes)("has the command line, on Node $version", async (node) => {
    const { version } = JSON.parse(readRepositoryFile("package.json")) as { version: string };
    expect(expectSuccess(await project.run("npx twinloom --version", { node })).stdout.trim()).toBe(version);
    const info = expectSuccess(await project.run("npx twinloom data info data/showers-sample.h5 --json", { node }));
    expect(JSON.parse(info.stdout)).toMatchObject({ format: "hdf5" });
    const run = "npx twinloom run twin.yaml measure -p variable=incident_energies -i data=data/showers-sample.h5";
    const measured = expectSuccess(await project.run(`${run} --replace --out measured --json`, { node }));
    const { steps } = JSON.parse(measured.stdout) as { steps: { measure: { result: number } } };
    expect(steps.measure.result).toBeCloseTo(2 * MEAN_INCIDENT_MEV, 2); // twin.yaml says `scale: 2`
  });
});

describe("in an empty TypeScript project", () => {
  let project: Consumer;
  beforeAll(async () => {
    project = await makeConsumer({ name: "empty", private: true, type: "module" });
    await cp(FIXTURES, project.folder, { recursive: true });
    await cp(join(REPOSITORY, "examples/data"), join(project.folder, "data"), { recursive: true });
    const packages = ["typescript", "@types/node", "h5wasm", "vega", "@grpc/grpc-js", "@grpc/proto-loader"].map(
      (name) => `"${name}@${devDependencies[name]}"`,
    );
    expectSuccess(await project.run(`${NPM_INSTALL} ${tarball} ./acme-meter ${packages.join(" ")}`));
  });
  afterAll(() => project[Symbol.asyncDispose]());

  it("compiles strictly, the package's own declarations included, and runs", async () => {
    expectSuccess(await project.run("npx tsc -p ."));
    for (const node of nodes) {
      const { stdout } = expectSuccess(await project.run("node out/twin.js", { node }));
      expect(stdout).toMatch(/^45 x 16 x 9 MeV\n$/);
    }
  });
});
