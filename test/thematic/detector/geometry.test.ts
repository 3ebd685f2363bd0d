import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin } from "../../../core/index.ts";
import { calorimeter, gflash, loadGeometry } from "../../../thematic/detector/index.ts";

const SHIPPED = fileURLToPath(new URL("../../../thematic/detector/geometries/w-si-45", import.meta.url));
const invalid = expect.objectContaining({ code: "TWIN_GEOMETRY_INVALID" });
const unsupported = expect.objectContaining({ code: "TWIN_GEOMETRY_UNSUPPORTED" });

describe("geometry", () => {
  let folder: string;
  let xml: string;
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "geometry-"));
    xml = await readFile(`${SHIPPED}.xml`, "utf8");
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A geometry of one's own: binning as given, material as shipped. */
  async function own(text: string): Promise<string> {
    const path = join(folder, `own-${++count}`);
    await writeFile(`${path}.xml`, text);
    await copyFile(`${SHIPPED}.json`, `${path}.json`);
    return `${path}.xml`;
  }

  it("w-si-45 has 45 layers of 3.4 mm, 16 bins in alpha, 9 rings to 41.85 mm, threshold 15.15 keV", async () => {
    const geometry = await loadGeometry("w-si-45");
    expect(geometry.shape).toEqual([45, 16, 9]);
    expect(geometry.layerMm).toBeCloseTo(3.4, 12);
    expect([...geometry.rEdgesMm]).toEqual([0, 4.65, 9.3, 13.95, 18.6, 23.25, 27.9, 32.55, 37.2, 41.85]);
    expect(geometry.thresholdMeV).toBeCloseTo(0.01515151515, 10);
  });

  it("of one's own can have another number of layers, rings and bins, and rings of unequal width", async () => {
    const layer = (id: number): string => `<Layer id="${id}" r_edges="0,2,7,30" n_bin_alpha="8"/>`;
    const path = await own(`<Bins><Bin pid="11" name="electron">${layer(0)}${layer(1)}</Bin></Bins>`);
    const geometry = await loadGeometry(path);
    expect(geometry.shape).toEqual([2, 8, 3]);
    const plugins = {
      model: gflash({ geometry: path, constants: "published" as const }),
      detector: calorimeter({ geometry: path }),
    };
    await using twin = await createTwin({ name: "own", plugins });
    const showers = await twin.detector.simulate({ energyMeV: [5000, 6000], seed: 1 });
    for await (const { energies } of showers.batches()) expect(energies.shape).toEqual([2, 2, 8, 3]);
  });

  it("that is not known by name is refused with the names there are", async () => {
    await expect(loadGeometry("w-si-46")).rejects.toThrow(invalid);
    await expect(loadGeometry("w-si-46")).rejects.toThrow(/w-si-45/);
    await expect(loadGeometry(join(folder, "none.xml"))).rejects.toThrow(invalid);
  });

  it.each([
    ["is not XML", () => "<Bins><Bin></Bins>"],
    ["is no binning", () => "<a/>"],
    ["is of another particle", () => xml.replace('name="electron"', 'name="photon"')],
    ["has edges that do not increase", () => xml.replace("0,4.65,9.3", "0,9.3,4.65")],
    ["has an edge that is no number", () => xml.replace("0,4.65,9.3", "0,x,9.3")],
    ["has an edge that is empty", () => xml.replace("0,4.65,9.3", ",4.65,9.3")],
    ["has an edge at infinity", () => xml.replaceAll("41.85", "1e999")],
    ["has no edges", () => xml.replace(/r_edges="[^"]*"/, 'r_edges=""')],
    ["counts bins in hexadecimal", () => xml.replace('n_bin_alpha="16"', 'n_bin_alpha="0x10"')],
    ["has no bins in alpha", () => xml.replace('n_bin_alpha="16"', 'n_bin_alpha="0"')],
    ["skips a layer", () => xml.replace('id="3"', 'id="33"')],
  ])("that %s is refused, naming the file", async (_, text) => {
    const path = await own(text());
    await expect(loadGeometry(path)).rejects.toThrow(invalid);
    await expect(loadGeometry(path)).rejects.toThrow(path.slice(0, -4));
  });

  it("with layers binned differently is refused, naming the layer", async () => {
    const path = await own(xml.replace('id="7" r_edges="0,4.65,9.3,', 'id="7" r_edges="0,4.65,'));
    await expect(loadGeometry(path)).rejects.toThrow(unsupported);
    await expect(loadGeometry(path)).rejects.toThrow(/layer 7/);
  });

  it("that no memory could hold is refused, and entities are not expanded", async () => {
    const huge = await own(xml.replaceAll('n_bin_alpha="16"', 'n_bin_alpha="1000000000"'));
    await expect(loadGeometry(huge)).rejects.toThrow(unsupported);
    const tens = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join("");
    const bomb = await own(
      `<!DOCTYPE Bins [<!ENTITY e0 "0,1">${tens}]><Bins><Bin name="electron"><Layer id="0" r_edges="&e9;" n_bin_alpha="1"/></Bin></Bins>`,
    );
    await expect(loadGeometry(bomb)).rejects.toThrow(invalid);
  });

  it("without its material is refused, and so is a material with a wrong or unknown entry", async () => {
    const path = await own(xml);
    const material = path.replace(".xml", ".json");
    const good = await readFile(material, "utf8");
    for (const bad of [
      "{",
      good.replace('"samplingFraction": 0.033', '"samplingFraction": 33'),
      good.replace('"samplingFraction"', '"samplingFractoin"'),
      good.replaceAll('"passive"', '"active"'),
      good.replace('"readoutThresholdMeV": 0.0005', '"readoutThresholdMeV": 0'),
    ]) {
      await writeFile(material, bad);
      await expect(loadGeometry(path)).rejects.toThrow(invalid);
    }
    await rm(material);
    await expect(loadGeometry(path)).rejects.toThrow(/\.json/);
  });

  it("other than the fitted one has no refitted constants", async () => {
    const path = await own(xml);
    await expect(createTwin({ name: "own", plugins: { model: gflash({ geometry: path }) } })).rejects.toThrow(
      unsupported,
    );
  });
});
