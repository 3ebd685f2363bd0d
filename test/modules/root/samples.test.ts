import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Dataset, findVariable, type NdArray, type Variable } from "../../../core/index.ts";
import type { RootDataset } from "../../../modules/root/index.ts";
import { hasSamples, SAMPLES, useRoot } from "./shared.ts";

/** What uproot reads; see the README beside the samples. */
interface Branch {
  readonly type: string;
  readonly n?: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly nstr?: number;
  readonly slen?: number;
}
interface Histogram {
  readonly shape: readonly number[];
  readonly sum_flow: number;
  readonly sum: number;
  readonly entries: number;
}
interface ExpectedFile {
  readonly trees?: Readonly<
    Record<string, { readonly entries: number; readonly branches: Readonly<Record<string, Branch>> }>
  >;
  readonly hists?: Readonly<Record<string, Histogram>>;
}

const expected: Readonly<Record<string, ExpectedFile>> = hasSamples
  ? JSON.parse(readFileSync(join(SAMPLES, "expected.json"), "utf8"))
  : {};

const { root } = useRoot();

describe.skipIf(!hasSamples)("real ROOT files (skipped where ../shared/data is absent)", () => {
  for (const [name, { trees = {}, hists = {} }] of Object.entries(expected)) {
    it(`reads ${name} as uproot does: every branch and histogram`, async () => {
      await using file = await root.open(join(SAMPLES, name));
      expect(file.problems.filter(({ path }) => !path.includes("Analysis"))).toEqual([]);
      for (const [key, { entries, branches }] of Object.entries(trees)) {
        for (const [branch, wanted] of Object.entries(branches))
          await checkBranch(file, pathOf(key, branch), wanted, entries);
      }
      for (const [key, wanted] of Object.entries(hists))
        await checkHistogram(file, `/${key.replace(/;\d+$/, "")}`, wanted);
    });
  }
});

/** uproot joins the names of split branches by slashes; the lengths of fixed arrays are part of its names. */
function pathOf(tree: string, branch: string): string {
  return `/${tree.replace(/;\d+$/, "")}/${branch.replaceAll(/\[[^\]]*\]/g, "")}`;
}

async function checkBranch(file: RootDataset, path: string, wanted: Branch, entries: number): Promise<void> {
  const counts = find(file, `${path}/counts`);
  const variable = counts ? findVariable(file, `${path}/values`) : findVariable(file, path);
  const array = await variable.read();
  if (counts) {
    const lengths = await counts.read();
    expect(lengths.shape, path).toEqual([entries]);
    const inner = find(file, `${path}/inner_counts`);
    const total = sumOf(await (inner ?? counts).read());
    expect(total, path).toBe(variable.shape[0]);
  } else expect(array.shape[0], path).toBe(entries);
  if (wanted.nstr !== undefined) {
    const values = array.values() as string[];
    expect(values.length, path).toBe(wanted.nstr);
    expect(values.join("").length, path).toBe(wanted.slen);
  }
  if (wanted.n !== undefined && wanted.sum !== undefined) checkNumbers(array, wanted, path);
}

function checkNumbers(array: NdArray, { n, sum = 0, min = 0, max = 0 }: Branch, path: string): void {
  expect(array.size, path).toBe(n);
  const values = Float64Array.from(array.values() as ArrayLike<number | bigint>, Number).filter(Number.isFinite);
  const scale = values.length * Math.max(Math.abs(min), Math.abs(max));
  expect(Math.abs(values.reduce((total, value) => total + value, 0) - sum), path).toBeLessThanOrEqual(1e-9 * scale);
  if (values.length === 0) return;
  expect(
    values.reduce((a, b) => Math.min(a, b)),
    path,
  ).toBe(min);
  expect(
    values.reduce((a, b) => Math.max(a, b)),
    path,
  ).toBe(max);
}

async function checkHistogram(file: RootDataset, path: string, wanted: Histogram): Promise<void> {
  const flow = await findVariable(file, `${path}/values_flow`).read();
  const values = await findVariable(file, `${path}/values`).read();
  expect(flow.shape, path).toEqual(wanted.shape);
  const group = path
    .slice(1)
    .split("/")
    .reduce<Dataset | undefined>((above, name) => above?.groups[name], file);
  expect(group?.attributes["entries"], path).toBe(wanted.entries);
  const tolerance = 1e-9 * flow.size * Math.max(1, ...[wanted.sum, wanted.sum_flow].map(Math.abs));
  expect(Math.abs(sumOf(flow) - wanted.sum_flow), path).toBeLessThanOrEqual(tolerance);
  expect(Math.abs(sumOf(values) - wanted.sum), path).toBeLessThanOrEqual(tolerance);
}

function sumOf(array: NdArray): number {
  return array.toFloat64().reduce((total, value) => total + value, 0);
}

/** Without the search for names like it that `findVariable` ends with. */
function find(file: RootDataset, path: string): Variable | undefined {
  const names = path.slice(1).split("/");
  const group = names.slice(0, -1).reduce<Dataset | undefined>((above, name) => above?.groups[name], file);
  return group?.variables[names.at(-1) ?? ""];
}
