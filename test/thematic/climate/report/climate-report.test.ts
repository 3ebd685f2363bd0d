import { describe, expect, it } from "vitest";
import {
  type Dataset,
  dataset,
  type Figure,
  type GeoMap,
  NdArray,
  type Table,
  type VariableInit,
} from "../../../../core/index.ts";
import { climateReport, returnLevels, tracksDataset } from "../../../../thematic/climate/index.ts";

const array = (values: readonly number[], dims: readonly string[], shape: readonly number[], unit?: string): NdArray =>
  new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims, unit });
const axis = (name: string, values: readonly number[], unit: string): NdArray =>
  array(values, [name], [values.length], unit);
const years = (count: number): VariableInit => ({
  array: axis(
    "time",
    Array.from({ length: count }, (_, i) => 365 * i),
    "days since 2001-01-01",
  ),
  attributes: { calendar: "noleap" },
});

/** A yearly field `[time, lat, lon]`, latitudes from the north. */
function field(
  value: (year: number, row: number, column: number) => number,
  { lat = [45, -45], lon = [0, 90, 180, 270], count = 6, more = {} as Record<string, VariableInit | NdArray> } = {},
): Dataset {
  const cells = lat.length * lon.length;
  const values = Array.from({ length: count * cells }, (_, i) =>
    value(Math.floor(i / cells), Math.floor((i % cells) / lon.length), i % lon.length),
  );
  return dataset({
    variables: {
      time: years(count),
      lat: axis("lat", lat, "degrees_north"),
      lon: axis("lon", lon, "degrees_east"),
      ...more,
      FD: {
        array: array(values, ["time", "lat", "lon"], [count, lat.length, lon.length], "day"),
        attributes: { long_name: "Frost days" },
      },
    },
  });
}

const itemsOf = async (source: Dataset) => {
  const { sections } = await climateReport([{ name: "data", dataset: source }]);
  const items = sections.flatMap((section) => section.items);
  return {
    text: sections.map(({ text }) => text).join(" "),
    maps: items.filter((item): item is GeoMap => item.kind === "map"),
    figures: items.filter((item): item is Figure => item.kind === "figure"),
    tables: items.filter((item): item is Table => item.kind === "table"),
  };
};

describe("climateReport", () => {
  it("maps the mean and the change of thirds, from the south and from 180 degrees west", async () => {
    // 10 per year in the north, nothing in the south; 1 more in the second column.
    const { maps, figures } = await itemsOf(
      field((year, row, column) => (row === 0 ? 10 * year : 0) + (column === 1 ? 1 : 0)),
    );
    const [mean, change] = maps as [GeoMap, GeoMap];
    expect(mean.latitudeEdges).toEqual([-90, 0, 90]);
    expect(mean.longitudeEdges).toEqual([-225, -135, -45, 45, 135].map((edge) => edge + 0));
    // Columns of 180, 270 (90 W), 0 and 90 degrees east.
    expect(mean.values).toEqual([
      [0, 0, 0, 1],
      [25, 25, 25, 26],
    ]);
    expect(mean.color).toMatchObject({ label: "FD", unit: "day", palette: "sequential" });
    // Years 4 and 5 less years 0 and 1: 45 - 5.
    expect(change.values).toEqual([
      [0, 0, 0, 0],
      [40, 40, 40, 40],
    ]);
    expect(change.color).toMatchObject({ min: -40, max: 40, palette: "diverging" });
    expect(change.caption).toContain("mean of 2005 to 2006 less mean of 2001 to 2002");
    // Both rows weigh the same: half of 10 a year, and a quarter of 1.
    expect(figures[0]?.series[0]?.y.map((y) => Number(y?.toFixed(9)))).toEqual([
      0.25, 5.25, 10.25, 15.25, 20.25, 25.25,
    ]);
    expect(figures[0]?.y).toEqual({ label: "FD", unit: "day" });
  });

  it("takes edges of bounds, also where they leave gaps", async () => {
    const bounds = array([50, 30, -30, -50], ["lat", "bnds"], [2, 2]);
    const lat = { array: axis("lat", [40, -40], "degrees_north"), attributes: { bounds: "lat_bnds" } };
    const { maps } = await itemsOf(field((_, row) => row, { lat: [40, -40], more: { lat, lat_bnds: bounds } }));
    expect(maps[0]?.latitudeEdges).toEqual([-50, -30, 30, 50]);
    expect(maps[0]?.values.map((row) => row[0])).toEqual([1, null, 0]);
    expect(maps[0]?.caption).toContain("leave gaps");
  });

  it("shows the latest of few periods, and nothing of a field without a value", async () => {
    const few = await itemsOf(field((year) => year, { count: 3 }));
    expect(few.maps.map(({ caption }) => caption)).toEqual([
      expect.stringContaining("mean of 2001 to 2003"),
      expect.stringContaining("latest year, 2003"),
    ]);
    const none = await itemsOf(field(() => Number.NaN));
    expect(none).toMatchObject({ maps: [], figures: [], text: expect.stringContaining("No value is there") });
  });

  it("says why a rotated grid has no map, and draws its series", async () => {
    const rotated = (name: string): VariableInit => ({
      array: axis(name, [0, 1], "degrees"),
      attributes: { standard_name: name === "rlat" ? "grid_latitude" : "grid_longitude" },
    });
    const source = dataset({
      variables: {
        time: years(3),
        rlat: rotated("rlat"),
        rlon: rotated("rlon"),
        tas: array(
          Array.from({ length: 12 }, (_, i) => Math.floor(i / 4)),
          ["time", "rlat", "rlon"],
          [3, 2, 2],
          "K",
        ),
      },
    });
    const { maps, figures, text } = await itemsOf(source);
    expect(maps).toEqual([]);
    expect(text).toContain("rotated pole");
    expect(figures[0]?.series[0]?.y).toEqual([0, 1, 2]);
  });

  it("tells of places by name, and of return levels with their intervals", async () => {
    const source = dataset({
      variables: {
        time: years(12),
        city: new NdArray(["Bonn", "Kiel"], { dtype: "string", shape: [2], dims: ["location"] }),
        pr: {
          array: array(
            Array.from({ length: 24 }, (_, i) => (i % 2 ? 5 : Math.floor(i / 2))),
            ["time", "location"],
            [12, 2],
            "mm",
          ),
          attributes: { coordinates: "city" },
        },
      },
    });
    const { figures, tables } = await itemsOf(source);
    expect(figures[0]?.series.map(({ name }) => name)).toEqual(["Bonn", "Kiel"]);
    // 0 to 11: mean 5.5; thirds of four years: 1.5 and 9.5.
    expect(tables[0]?.rows).toEqual([
      ["Bonn", 0, 5.5, 11, 1.5, 9.5, 8, 0],
      ["Kiel", 5, 5, 5, 5, 5, 0, 0],
    ]);
    const levels = await returnLevels(source, {
      variable: "pr",
      kind: "block-maxima",
      distribution: "gumbel",
      resamplings: 20,
    });
    const found = await itemsOf(levels);
    expect(found.figures[0]).toMatchObject({
      x: { scale: "log", unit: "year" },
      y: { label: "return level", unit: "mm" },
    });
    const row = found.tables.find(({ caption }) => caption.startsWith("Return levels."))?.rows[0] as number[];
    const read = async (name: string) => (await levels.variables[name]?.read({ return_period: 0, location: 0 }))?.at();
    expect(row.slice(0, 4)).toEqual([
      "Bonn",
      await read("return_level"),
      await read("return_level_lower"),
      await read("return_level_upper"),
    ]);
  });

  it("draws tracks over the date line in one piece", async () => {
    const points = [178, -178].map((lon, i) => ({ time: "", hours: 6 * i, lat: 10 + i, lon, pressure: 99000 - i }));
    const { maps, tables } = await itemsOf(tracksDataset([{ id: "7", points }]));
    expect(maps[0]?.tracks?.[0]?.longitudes).toEqual([178, 182]);
    expect(tables[0]?.rows[0]).toEqual([
      ...["7", "1970-01-01 00:00", "1970-01-01 06:00", 2, "10.0° N, 178.0° E", "11.0° N, 178.0° W", 98999],
    ]);
  });

  it("states the times of all tracks, in whatever order they are", async () => {
    const track = (id: string, hours: number) => ({ id, points: [{ time: "", hours, lat: 10, lon: 20 }] });
    const { text } = await itemsOf(tracksDataset([track("late", 24), track("early", 0), track("middle", 6)]));
    expect(text).toBe("3 tracks, 3 times, 1970-01-01 00:00 to 1970-01-02 00:00.");
  });

  it("names what is left out, and refuses names that are not there", async () => {
    const source = field(() => 1);
    const many = { ...source, variables: { ...source.variables, other: source.variables["FD"] as never } };
    const { summary } = await climateReport([{ name: "data", dataset: many }], { mostVariables: 1 });
    expect(summary).toContain("the first 1 of 2 variables are drawn");
    await expect(climateReport([{ name: "data", dataset: source }], { variables: ["FX"] })).rejects.toMatchObject({
      code: "TWIN_VARIABLE_NOT_FOUND",
    });
    await expect(climateReport([])).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });
});
