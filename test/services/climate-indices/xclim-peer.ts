import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { cfTime, type Dataset, findVariable, formatDate, subset } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";
import { climateIndex, INDICES } from "../../../thematic/climate/index.ts";

const python = fileURLToPath(new URL("../../../.venv-climate/bin/python", import.meta.url));
const script = fileURLToPath(new URL("xclim-peer.py", import.meta.url));

/** Whether tests with xclim are left out: `scripts/climate-venv.sh` makes what they need. */
export const isWithoutXclim: boolean = !existsSync(python) && process.env["TWINLOOM_REQUIRE_SERVICES"] !== "1";

/** A file that indices are computed of. */
export interface PeerFile {
  readonly name: string;
  readonly path: string;
  /** Which variable is taken for which input: `{ tasmax: "tas" }`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Frequencies that are asked for; each index of those it is defined for. */
  readonly frequencies: readonly string[];
  /** Only so many first steps. */
  readonly steps?: number;
}

/** An index, and the same of xclim. */
export interface PeerRow {
  readonly index: string;
  readonly parameters?: Readonly<Record<string, number>>;
  /** Base period. */
  readonly period?: string;
  /** Python, of the inputs by name, and of `freq`: `"atmos.frost_days(tasmin=tasmin, freq=freq)"`. */
  readonly xclim: string;
  /** To which xclim's answer is converted; needed where it is not the unit of the index. */
  readonly unit?: string;
  /** Counts are equal; others agree to 1e-6 relative. */
  readonly exact?: true;
  /** xclim is given the values as float64: where its own sums, or conversions, of float32 are off by more than 1e-6. */
  readonly float64?: true;
  /** Of those of the file; all that the index is defined for by default. */
  readonly frequencies?: readonly string[];
}

interface Answer {
  readonly shape: readonly number[];
  readonly times: readonly string[];
  readonly values: readonly (number | null)[];
}

interface Question {
  readonly file: PeerFile;
  readonly row: PeerRow;
  readonly frequency: string;
}

/** What xclim says of all rows, of all files that have their inputs; one process for all. */
export class XclimPeer {
  readonly #questions: readonly Question[];
  readonly #answers: readonly (Answer | { readonly error: string })[];
  readonly #hdf = new Hdf5({ cacheBytes: 16e6, timeoutMs: 60_000 });
  readonly #netcdf = new Netcdf({ hdf: this.#hdf, sources: [], decode: true });
  /** By file and index. */
  readonly #tally: Record<string, Record<string, { values: number; missing: number; furthestApart: number }>> = {};

  private constructor(questions: readonly Question[], answers: readonly (Answer | { readonly error: string })[]) {
    this.#questions = questions;
    this.#answers = answers;
  }

  static async ask(files: readonly PeerFile[], rows: readonly PeerRow[]): Promise<XclimPeer> {
    const questions = files.flatMap((file) =>
      rows.flatMap((row) => frequenciesOf(file, row).map((frequency) => ({ file, row, frequency }))),
    );
    const folder = await mkdtemp(join(tmpdir(), "twinloom-xclim-"));
    try {
      const path = join(folder, "questions.json");
      await writeFile(
        path,
        JSON.stringify(
          questions.map(({ file, row, frequency }) => ({
            file: file.path,
            variables: file.variables,
            steps: file.steps,
            expression: row.xclim,
            unit: row.unit,
            float64: row.float64,
            frequency,
          })),
        ),
      );
      const text = execFileSync(python, [script, path], { encoding: "utf8", maxBuffer: 1e9 });
      return new XclimPeer(questions, JSON.parse(text) as (Answer | { readonly error: string })[]);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Computes an index of a file, at all frequencies, and compares. @returns How many values were compared, and how many of them are missing. */
  async compare(file: PeerFile, row: PeerRow): Promise<{ readonly values: number; readonly missing: number }> {
    await using opened = await this.#netcdf.open(file.path);
    const data: Dataset =
      file.steps === undefined ? opened : await subset(opened, { selection: { time: { start: 0, stop: file.steps } } });
    let [count, missing, furthest] = [0, 0, 0];
    for (const [i, question] of this.#questions.entries()) {
      if (question.file !== file || question.row !== row) continue;
      const answer = this.#answers[i] as Answer | { readonly error: string };
      if ("error" in answer) throw new Error(`${file.name}, ${question.frequency}: ${answer.error}`);
      const inputs = definitionOf(row).inputs.map(({ name }) => name);
      const result = await climateIndex(data, row.index, {
        frequency: question.frequency,
        variables: Object.fromEntries(inputs.map((name) => [name, file.variables[name] as string])),
        ...(row.parameters && { parameters: row.parameters }),
        ...(row.period !== undefined && { period: row.period }),
      });
      const where = `${row.index} of ${file.name}, ${question.frequency}`;
      const array = await result.variables[row.index]?.read();
      expect(array?.shape, where).toEqual(answer.shape);
      expect(await startsOf(result), where).toEqual(answer.times);
      const values = array?.toFloat64() ?? new Float64Array();
      const wrong = differences(values, answer.values, row.exact ? 0 : 1e-6);
      expect(wrong, where).toEqual([]);
      furthest = Math.max(furthest, furthestApart(values, answer.values));
      count += values.length;
      missing += values.filter((value) => Number.isNaN(value)).length;
    }
    const ofFile = this.#tally[file.name] ?? {};
    this.#tally[file.name] = ofFile;
    const before = ofFile[row.index] ?? { values: 0, missing: 0, furthestApart: 0 };
    ofFile[row.index] = {
      values: before.values + count,
      missing: before.missing + missing,
      furthestApart: Math.max(before.furthestApart, Number(furthest.toPrecision(2))),
    };
    return { values: count, missing };
  }

  /** Writes down what was compared, in the long form: docs/measurements. */
  async record(name: string, command: string): Promise<void> {
    if (process.env["TWINLOOM_LONG"] !== "1") return;
    const report = {
      date: new Date().toISOString().slice(0, 10),
      command,
      machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
      what: "values compared with xclim 0.62 by file and index, how many of them are missing (in both), and by how much the furthest are apart, relative to the larger one",
      files: this.#tally,
    };
    const file = fileURLToPath(new URL(`../../../docs/measurements/${name}.json`, import.meta.url));
    await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
  }

  async stop(): Promise<void> {
    await this.#hdf.stop();
  }
}

function definitionOf(row: PeerRow): (typeof INDICES)[number] {
  const found = INDICES.find(({ name }) => name === row.index);
  if (!found) throw new Error(`There is no index ${row.index}.`);
  return found;
}

function frequenciesOf(file: PeerFile, row: PeerRow): readonly string[] {
  const { inputs, frequencies } = definitionOf(row);
  if (!inputs.every(({ name }) => Object.hasOwn(file.variables, name))) return [];
  return file.frequencies.filter(
    (each) => (row.frequencies ?? file.frequencies).includes(each) && (frequencies ?? file.frequencies).includes(each),
  );
}

/** Whether a file has the inputs of a row, at a frequency that both have. */
export function applies(file: PeerFile, row: PeerRow): boolean {
  return frequenciesOf(file, row).length > 0;
}

async function startsOf(result: Dataset): Promise<readonly string[]> {
  const time = findVariable(result, "time");
  const coder = cfTime({ unit: time.unit ?? "", calendar: String(time.attributes["calendar"]) });
  return Array.from((await time.read()).toFloat64(), (value) => formatDate(coder.decode(value)).slice(0, 10));
}

/** The largest difference, relative to the larger value. */
function furthestApart(values: Float64Array, expected: readonly (number | null)[]): number {
  let furthest = 0;
  for (const [i, value] of values.entries()) {
    const other = expected[i] ?? null;
    if (other === null || other === value) continue;
    furthest = Math.max(furthest, Math.abs(value - other) / Math.max(Math.abs(value), Math.abs(other)));
  }
  return furthest;
}

/** The first few values that differ by more than so much of the larger one. */
function differences(
  values: Float64Array,
  expected: readonly (number | null)[],
  tolerance: number,
): readonly (readonly [index: number, value: number, expected: number | null])[] {
  const wrong: (readonly [number, number, number | null])[] = [];
  for (const [i, value] of values.entries()) {
    const other = expected[i] ?? null;
    const isAlike =
      other === null
        ? Number.isNaN(value)
        : Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), Math.abs(other));
    if (!isAlike && wrong.length < 5) wrong.push([i, value, other]);
  }
  return wrong;
}
