import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { Csv } from "../../../modules/csv/csv.ts";
import type { TableFormat } from "../../../modules/csv/table-format.ts";

/** Our own fixtures, written by scripts/make-csv-fixtures.py with pandas and Python's csv module. */
export const FIXTURES: string = fileURLToPath(new URL("../../fixtures/csv/", import.meta.url));

/** Sample files of others, which are not part of the repository. */
export const SAMPLES: string = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

/** A connector with the options of a plugin that is given none. */
export function newCsv(settings: Partial<TableFormat & { readonly cacheBytes: number }> = {}): Csv {
  return new Csv({
    quote: '"',
    skipLines: 0,
    header: true,
    decimal: ".",
    missing: ["", "NA", "N/A", "NaN", "nan", "NULL", "null"],
    units: "brackets",
    columns: {},
    dimension: "row",
    maxRecordBytes: 1e6,
    cacheBytes: 64e6,
    ...settings,
  });
}

/** A folder for the tests of a file. */
export function useFolder(): (name: string) => string {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-csv-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}
