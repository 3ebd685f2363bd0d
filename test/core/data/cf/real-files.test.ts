import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cfTime, findVariable, formatDate, parseDate } from "../../../../core/index.ts";
import { hasSamples, SAMPLES, useNetcdf } from "../../../modules/netcdf/shared.ts";

/** First and last date of a variable by cftime; see the README beside the samples. */
interface ExpectedTime {
  readonly units: string;
  readonly calendar: string;
  readonly first: string;
  readonly last: string;
}

interface ExpectedFile {
  readonly netcdf?: { readonly vars: Readonly<Record<string, { readonly time?: ExpectedTime }>> };
}

const FOLDER = join(SAMPLES, "hdf5");
const expected: Readonly<Record<string, ExpectedFile>> = hasSamples
  ? JSON.parse(readFileSync(join(FOLDER, "expected.json"), "utf8"))
  : {};

const times = Object.entries(expected).flatMap(([file, { netcdf }]) =>
  Object.entries(netcdf?.vars ?? {}).flatMap(([path, { time }]) => (time ? [{ file, path, time }] : [])),
);

// Values, raw and decoded, are compared by test/modules/netcdf/samples.test.ts.
describe.skipIf(!hasSamples)("times in real files (skipped where ../shared/data is absent)", () => {
  const { netcdf } = useNetcdf();

  it.each(times)("of $path in $file are those of cftime", async ({ file, path, time }) => {
    await using open = await netcdf.open(join(FOLDER, file));
    const variable = findVariable(open, path);
    // Bounds state none of their own.
    expect(variable.unit ?? time.units).toBe(time.units);
    const values = (await variable.read()).toFloat64();
    const coder = cfTime({ unit: time.units, calendar: time.calendar });
    const dates = [values.at(0), values.at(-1)].map((value) => formatDate(coder.decode(value as number)));
    if (coder.problems.length > 0) {
      // Seconds since "1-1-1970": cftime takes the year 1, which nobody meant.
      expect(coder.problems).toEqual(['the date "1-1-1970" has its year last; it is taken as 1970-01-01']);
      expect(dates.map((date) => date.slice(0, 4))).toEqual(["2002", "2002"]);
      return;
    }
    expect(dates).toEqual([time.first, time.last].map((date) => formatDate(parseDate(date))));
  });

  it("are those of all files that have times", () => {
    expect(times).toHaveLength(12);
  });
});
