import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestBytes, readRunRecord } from "../../../../core/index.ts";
import { exportProv } from "../../../../core/lifecycle/export/export-prov.ts";
import { sampleRun } from "./sample-run.ts";

let folder = "";
let run = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-prov-"));
  run = await sampleRun(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Section = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Bundle {
  readonly activity: Section;
  readonly entity: Section;
  readonly used: Section;
  readonly wasGeneratedBy: Section;
  readonly wasAssociatedWith: Section;
  readonly hadMember: Section;
}

/** The bundle of a run. */
async function bundleOf(path: string): Promise<Bundle> {
  const { id } = await readRunRecord(join(path, "run.json"));
  const { bundle } = (await exportProv(path)) as unknown as { readonly bundle: Readonly<Record<string, Bundle>> };
  return bundle[`run:${id}`] as Bundle;
}

describe("exportProv of a run", () => {
  it("has a step as an activity, its files as entities, and who did it by which plan", async () => {
    const { activity, used, wasGeneratedBy, wasAssociatedWith, hadMember, entity } = await bundleOf(run);
    expect(Object.keys(activity)).toEqual(["step:scale", "step:page"]);
    const numbers = `sha256:${digestBytes("[1, 2, 3]").slice(7)}`;
    const uses = Object.values(used).map((each) => `${each["prov:activity"]} ${each["prov:role"]}`);
    expect(uses).toEqual([
      "step:scale twin",
      "step:scale parameters",
      "step:scale numbers",
      "step:page twin",
      "step:page parameters",
      "step:page numbers",
    ]);
    expect(Object.values(used)).toContainEqual({
      "prov:activity": "step:scale",
      "prov:entity": numbers,
      "prov:role": "numbers",
    });
    // What one step wrote another read: one entity.
    expect(Object.values(used)).toContainEqual({
      "prov:activity": "step:page",
      "prov:entity": "output:scale.scaled",
      "prov:role": "numbers",
    });
    expect(Object.values(wasGeneratedBy).map((each) => each["prov:entity"])).toEqual([
      "output:scale.scaled",
      "output:page.page",
    ]);
    expect(entity["output:scale.scaled"]).toMatchObject({
      "prov:label": "scaled numbers.json",
      "schema:sha256": digestBytes("[2,4,6]").slice(7),
    });
    for (const each of Object.values(wasAssociatedWith)) expect(entity).toHaveProperty([String(each["prov:plan"])]);
    expect(Object.values(hadMember)).toHaveLength(1);
  });

  it("has no secret and no path of this machine in it", async () => {
    const text = JSON.stringify(await exportProv(run));
    expect(text).not.toContain("correct horse");
    expect(text).not.toContain(folder);
  });

  it("says what failed, and nothing of what was not started", async () => {
    const place = await mkdtemp(join(folder, "failed-"));
    const { activity } = await bundleOf(await sampleRun(place, { factor: 13 }));
    expect(activity).toEqual({
      "step:scale": expect.objectContaining({
        "schema:actionStatus": "FailedActionStatus",
        "schema:error": "13 is not allowed",
      }),
    });
  });

  it("needs a run, or a store", async () => {
    await expect(exportProv(folder)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });
});
