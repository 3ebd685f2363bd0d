import { testSource } from "twinloom/testing";
import { expect, it } from "vitest";
import { createTwin, openSource } from "../../../core/index.ts";
import { files } from "../../../modules/files/index.ts";
import { sampleFolder } from "../../core/sources/sample-folder.ts";

testSource(async () => {
  const { folder, dispose } = await sampleFolder();
  const twin = await createTwin({ plugins: { local: files() } });
  return {
    source: twin.local,
    folder,
    dispose: async () => {
      await twin[Symbol.asyncDispose]();
      await dispose();
    },
  };
});

it("the plugin sets the root for the whole twin", async () => {
  const { folder, dispose } = await sampleFolder();
  await using twin = await createTwin({
    plugins: { local: files({ root: `${folder}later`, retry: { attempts: 1 } }) },
  });
  await using file = await openSource("tas_4.nc", [twin.local]);
  expect(file.bytes).toBe(20);
  await expect(openSource(`${folder}tas_1.nc`, [twin.local])).rejects.toMatchObject({ code: "TWIN_LOCATION_REFUSED" });
  await dispose();
});
