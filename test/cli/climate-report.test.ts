import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, dataset, NdArray } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { netcdf } from "../../modules/netcdf/index.ts";
import { jsonHere, runHere } from "./run-here.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-climate-report-"));
  await using twin = await createTwin({ name: "test", plugins: { files: hdf5(), netcdf: netcdf() } });
  const years = 9;
  const along = (name: string, values: readonly number[], unit: string): NdArray =>
    new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [name], unit });
  const time = {
    array: along(
      "time",
      Array.from({ length: years }, (_, i) => 365 * i),
      "days since 2001-01-01",
    ),
    attributes: { calendar: "noleap", standard_name: "time" },
  };
  await twin.netcdf.write(
    join(cwd, "frost.nc"),
    dataset({
      attributes: { Conventions: "CF-1.11", history: "made by hand" },
      variables: {
        time,
        lat: along("lat", [60, 50, 40], "degrees_north"),
        lon: along("lon", [0, 10, 20, 30], "degrees_east"),
        FD: {
          array: new NdArray(
            Float64Array.from({ length: years * 12 }, (_, i) => 100 + Math.floor(i / 12)),
            { dtype: "float64", shape: [years, 3, 4], dims: ["time", "lat", "lon"], unit: "day" },
          ),
          attributes: { long_name: "Frost days", comment: "Days below 0 <&> degC" },
        },
      },
    }),
  );
  await writeFile(
    join(cwd, "tracks.csv"),
    "track_id,year,month,day,hour,lon,lat,slp\n1,2001,1,1,0,-60,40,98000\n1,2001,1,1,6,-58,41,97500\n",
  );
});
afterAll(() => rm(cwd, { recursive: true }));

describe("twinloom climate report", () => {
  it("draws maps, series and tracks of several files on one page that needs nothing else", async () => {
    const facts = await jsonHere(["climate", "report", "frost.nc", "tracks.csv", "--out", "page.html"], { cwd });
    expect(facts).toMatchObject({
      sections: ["FD: Frost days [day] (frost.nc)", "Storm tracks (tracks.csv)"],
      ...{ maps: 3, figures: 1, tables: 1, out: "page.html" },
    });
    const page = await readFile(join(cwd, "page.html"), "utf8");
    expect(page).toContain("Days below 0 &lt;&amp;&gt; degC.");
    expect(page).toContain("change: mean of 2007 to 2009 less mean of 2001 to 2003");
    expect(page).toMatch(/frost\.nc: digest.*sha256:[0-9a-f]{64}/s);
    expect(page).toContain("made by hand");
    expect(page).not.toMatch(/<script|(src|href)="http/);
    // An earlier page is replaced.
    const again = await runHere(["climate", "report", "tracks.csv", "--out", "page.html", "--title", "Lows"], { cwd });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("page.html: 1 maps, 0 figures, 1 tables") });
    expect(await readFile(join(cwd, "page.html"), "utf8")).toContain("<h1>Lows</h1>");
  });

  it("draws the variables and the part that are asked for", async () => {
    const args = ["climate", "report", "frost.nc", "--var", "FD", "--slice", "time=0:2", "--out", "part.html"];
    expect(await jsonHere(args, { cwd })).toMatchObject({ maps: 2, figures: 1 });
    expect(await readFile(join(cwd, "part.html"), "utf8")).toContain("latest year, 2002");
  });

  it("refuses what cannot be: another format, an input as the output, a variable that is not there", async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await runHere(["climate", "report", ...args], { cwd });
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await refused("frost.nc", "--out", "page.pdf")).toContain("end its name with .html");
    expect(await refused("page.html", "--out", "page.html")).toContain("is an input and the output");
    expect(await refused("frost.nc", "--var", "XX", "--out", "x.html")).toContain("FD");
    expect(await refused("none.nc", "--out", "x.html")).toContain("TWIN_FILE_NOT_FOUND");
  });
});
