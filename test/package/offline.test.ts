import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { REPOSITORY } from "../architecture/repository.ts";
import { type Consumer, type Finished, makeConsumer, nodeVersions } from "./consumer.ts";

const TWIN = `twin: ecal
plugins:
  files: { use: twinloom/modules/hdf5 }
  shower: { use: "twinloom/thematic/detector#gflash" }
  detector: { use: twinloom/thematic/detector, geometry: w-si-45 }
  meter: { use: acme-meter, scale: 2 }
plans:
  measured:
    simulate:
      task: simulate
      inputs: { energies: !artifact showers-sample.h5 }
    measure:
      task: measure
      parameters: { variable: incident_energies }
      inputs: { data: simulate.showers }
`;
const ENGINE = "node node_modules/twinloom/cli/twinloom.js";

async function succeed(finished: Promise<Finished>): Promise<string> {
  const { status, stdout, stderr } = await finished;
  expect(status, `${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

/** What a run made, by content. */
async function resultsOf(run: string): Promise<unknown> {
  const record = JSON.parse(await readFile(join(run, "run.json"), "utf8")) as {
    steps: { simulate: { outputs: { showers: { contentDigest: string } } }; measure: { result: number } };
  };
  return [record.steps.simulate.outputs.showers.contentDigest, record.steps.measure.result];
}

describe("a node without npm and network", () => {
  let project: Consumer;
  let archive: string;
  let withoutNetwork: string;
  beforeAll(async () => {
    project = await makeConsumer({ name: "empty", private: true, type: "module" });
    await cp(join(REPOSITORY, "test/fixtures/consumer/acme-meter"), join(project.folder, "acme-meter"), {
      recursive: true,
    });
    await cp(join(REPOSITORY, "examples/data/showers-sample.h5"), join(project.folder, "showers-sample.h5"));
    await writeFile(join(project.folder, "twin.yaml"), TWIN);
    const packages = `${inject("packed").tarball} ./acme-meter h5wasm@0.10.3 vega@6`;
    await succeed(project.run(`npm install --no-audit --no-fund --prefer-offline --loglevel=error ${packages}`));
    await succeed(project.run("npx twinloom twin seal twin.yaml"));
    await succeed(project.run("npx twinloom store pack ecal --with-engine --out ecal.tar"));
    archive = join(project.folder, "ecal.tar");
    // Where the system lets us, there is no network at all; elsewhere at least no registry.
    const { status } = await project.run("unshare -rn true");
    withoutNetwork = `${status === 0 ? "unshare -rn " : ""}env npm_config_registry=http://127.0.0.1:9`;
  });
  afterAll(() => project[Symbol.asyncDispose]());

  it.for(nodeVersions())("runs a version from the archive alone, on Node $version", async (node) => {
    await succeed(project.run("npx twinloom run ecal measured --seed 7 --replace --out here", { node }));
    const folder = await mkdtemp(join(tmpdir(), "twinloom-offline-"));
    const installed = join(project.folder, "node_modules");
    // Nothing may be found that did not come along.
    await rename(installed, `${installed}.gone`);
    try {
      const there = (command: string): Promise<string> =>
        succeed(project.run(`cd ${folder} && ${withoutNetwork} ${command}`, { node }));
      await there(`tar xf ${archive} node_modules`);
      expect(await readdir(join(folder, "node_modules"))).not.toContain("vega");
      const unpacked = JSON.parse(await there(`${ENGINE} store unpack ${archive} --with-engine --json`));
      expect(unpacked).toMatchObject({
        versions: ["ecal@v1"],
        engine: { packages: expect.arrayContaining(["pkg:npm/acme-meter@1.0.0", "pkg:npm/h5wasm@0.10.3"]) },
      });
      await there(`${ENGINE} store verify`);
      await there(`${ENGINE} run ecal measured --seed 7 --out there`);
      expect(await resultsOf(join(folder, "there"))).toEqual(await resultsOf(join(project.folder, "here")));
      // The run that was made where it was packed, made again from its record.
      await cp(join(project.folder, "here"), join(folder, "here"), { recursive: true });
      expect(await there(`${ENGINE} rerun here --out again`)).toContain("identical: again");
    } finally {
      await rename(`${installed}.gone`, installed);
      await rm(folder, { recursive: true });
    }
  });
});
