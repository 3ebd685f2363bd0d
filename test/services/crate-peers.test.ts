import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportCrate } from "../../core/lifecycle/export/export-crate.ts";
import { exportProv } from "../../core/lifecycle/export/export-prov.ts";
import { sampleRun } from "../core/lifecycle/export/sample-run.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const script = fileURLToPath(new URL("crate-peers.py", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures/ro-crate", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

async function peer(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(python, [script, ...args], { maxBuffer: 64e6 });
  return JSON.parse(stdout);
}

/** What our crates leave out though the profiles recommend it, and why. */
const LEFT_OUT = [
  // Unknown: a page of each tool, the version of a task apart from its plugin's, a publisher.
  "process-run-crate-0.5_3.2: The Application SHOULD have a url",
  "process-run-crate-0.5_4.1: The SoftwareApplication SHOULD have a version or softwareVersion",
  "ro-crate-1.1_22.3: The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
  // Tasks are things of this crate alone.
  "process-run-crate-0.5_5.1: The SoftwareApplication id SHOULD be an absolute URI",
  // There is no README.md.
  "workflow-ro-crate-1.0_6.1: The README.md SHOULD be about the crate",
  "workflow-ro-crate-1.0_6.2: The README.md SHOULD have text/markdown as its encodingFormat",
];

describe.skipIf(!existsSync(python) && !isRequired)("crates and PROV of a run (needs scripts/python-venv.sh)", () => {
  let folder = "";
  let run = "";
  const at = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-crate-peers-"));
    run = await sampleRun(folder);
    const affiliation = { name: "Analytical Society", id: "https://example.org/society" };
    const agent = { name: "Ada Lovelace", id: "https://orcid.org/0000-0001-2345-6789", affiliation };
    await exportCrate(run, at("crate"), { license: "CC-BY-4.0", agent });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("rocrate-validator finds all that the profiles require, and all that they recommend but what is not known", async () => {
    const found = await peer(
      "validate",
      at("crate"),
      fixtures,
      "ro-crate-1.1:REQUIRED",
      "provenance-run-crate:RECOMMENDED",
    );
    expect(found).toEqual({
      "ro-crate-1.1:REQUIRED": { checks: 43, issues: [] },
      "provenance-run-crate:RECOMMENDED": { checks: 189, issues: [...LEFT_OUT].sort((a, b) => (a < b ? -1 : 1)) },
    });
  });

  it("rocrate-validator finds all that is required of the crate of a run that failed, too", async () => {
    const place = await mkdtemp(at("failed-"));
    const crate = join(place, "crate");
    await exportCrate(await sampleRun(place, { factor: 13 }), crate, { license: "CC-BY-4.0" });
    const found = await peer("validate", crate, fixtures, "provenance-run-crate:REQUIRED");
    expect(found).toEqual({ "provenance-run-crate:REQUIRED": { checks: 91, issues: [] } });
  });

  it("ro-crate-py reads the workflow, the files, the actions, and what came out", async () => {
    expect(await peer("read", at("crate"))).toMatchObject({
      mainEntity: "plan.json",
      files: [
        "input_files/scale/numbers/numbers%20of%20today.json",
        "page/page.html",
        "plan.json",
        "run.json",
        "scale/scaled%20numbers.json",
      ],
      actions: [
        expect.stringMatching(/^#run\/[0-9a-f-]{36}$/),
        expect.stringMatching(/\/step\/page$/),
        expect.stringMatching(/\/step\/scale$/),
      ],
      result: ["page/page.html", "scale/scaled%20numbers.json"],
    });
  });

  it("prov reads the PROV-JSON, and writes what it reads again the same", async () => {
    await writeFile(at("prov.json"), JSON.stringify(await exportProv(run)));
    expect(await peer("prov", at("prov.json"))).toMatchObject({
      bundles: [expect.stringMatching(/^run:[0-9a-f-]{36}$/)],
      // The bundle; in it the plan, the twin and its model, parameters of two steps, three files.
      entities: 9,
      activities: ["step:page", "step:scale"],
      // Two associations, six uses, two generations, one member.
      relations: 11,
      roundTrip: true,
    });
  });
});
