import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { Connector, createTwin, loadSpec, many, openDataset, resolveNeeds } from "../../../core/index.ts";
import { useFolder } from "./shared.ts";

const path = useFolder();

it("takes its options from a twin.yaml, and is found by the name of a file", async () => {
  await writeFile(
    path("twin.yaml"),
    `plugins:
  tables:
    use: twinloom/modules/csv
    delimiter: ";"
    decimal: ","
    comment: "#"
    missing: ["", "n. v."]
    units: parentheses
    columns: { Druck: { type: float32, unit: hPa } }
  stores: { use: twinloom/modules/zarr, formatVersion: 2 }
`,
  );
  await writeFile(path("table.csv"), "Ort;Druck\nKöln;1013,25\n# geprüft\nBonn;n. v.\n");
  await using twin = await createTwin(await loadSpec(path("twin.yaml")));
  const { connectors } = resolveNeeds(twin, { connectors: many(Connector) });
  await using file = await openDataset(path("table.csv"), connectors);
  expect(file.format).toBe("csv");
  const pressure = await file.variables["Druck"]?.read();
  expect([pressure?.unit, pressure?.values()]).toEqual(["hPa", Float32Array.of(1013.25, Number.NaN)]);
  await connectors.find(({ formats }) => formats.includes("zarr"))?.write(path("table.zarr"), file);
  await using store = await openDataset(path("table.zarr"), connectors);
  expect(store.format).toBe("zarr");
  expect((await store.variables["Ort"]?.read())?.values()).toEqual(["Köln", "Bonn"]);
});
