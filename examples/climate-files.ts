// Files for the other climate examples and the tutorial, where you have none at hand: thirty years of made-up daily weather, the first
// half by an institute that writes kelvin and kg m-2 s-1, the second by one that writes degrees Celsius and millimetres a day under
// other names, and four days of sea level pressure with a low. Give a folder; twinloom-out/weather by default.
import { join } from "node:path";
import { createTwin } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { netcdf } from "twinloom/modules/netcdf";
import { movingLow, weather } from "./data/synthetic-weather.ts";

const [folder = "twinloom-out/weather"] = process.argv.slice(2);

await using twin = await createTwin({ name: "weather", plugins: { files: netcdf(), hdf: hdf5() } });
const files = {
  "north-1981-1995.nc": weather({ years: [1981, 1995], manner: "north" }),
  "south-1996-2010.nc": weather({ years: [1996, 2010], manner: "south" }),
  "low/psl-1987-10.nc": movingLow(),
};
for (const [name, content] of Object.entries(files)) {
  const file = join(folder, name);
  await twin.files.write(file, content, { existing: "replace" });
  const fields = Object.values(content.variables).filter(({ dims }) => dims.length === 3);
  const sizes = fields[0]?.dims.map((dim, index) => `${dim} ${fields[0]?.shape[index]}`).join(", ");
  console.log(`${file}: ${fields.map((field) => `${field.name} [${field.unit}]`).join(", ")}; ${sizes}`);
}
