import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "twinloom/testing";
import { afterAll } from "vitest";
import { dataset, NdArray } from "../../../core/index.ts";
import { Root } from "../../../modules/root/root.ts";
import { FIXTURES } from "./shared.ts";

const floats = (values: readonly number[], shape: readonly number[], dims: readonly string[]): NdArray =>
  new NdArray(Float64Array.from(values), { dtype: "float64", shape, dims });
const steps = (length: number, step: number): number[] => Array.from({ length }, (_, i) => i * step);

const counts = Uint32Array.of(0, 3, 1, 0, 2, 2, 0, 4, 0);
/** With under- and overflow: 0 to 19, row-major. */
const flow = floats(steps(20, 1), [5, 4], ["x_flow", "y_flow"]);
const twice = floats(steps(20, 2), [5, 4], ["x_flow", "y_flow"]);
const inner = (array: NdArray): NdArray =>
  array
    .slice({ x_flow: { start: 1, stop: -1 }, y_flow: { start: 1, stop: -1 } })
    .withDims(["x", "y"])
    .contiguous();
const aboutFlow = { comment: "the first and the last of each axis are under- and overflow" };

/** What scripts/make-root-fixtures.py writes into conformance.root by uproot. */
const truth = dataset({
  groups: {
    events: {
      attributes: { root_class: "TTree", title: "air" },
      dims: { entry: 9 },
      variables: {
        time: floats(steps(9, 0.5), [9], ["entry"]),
        temperature: floats(steps(36, 0.25), [9, 4], ["entry", "dim_1"]),
        flags: new NdArray(
          Uint8Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
          { dtype: "bool", shape: [9], dims: ["entry"] },
        ),
        nhits: new NdArray(Int32Array.from(counts), { dtype: "int32", shape: [9], dims: ["entry"] }),
      },
      groups: {
        hits: {
          variables: {
            counts: {
              array: new NdArray(counts, { dtype: "uint32", shape: [9], dims: ["entry"] }),
              attributes: { sample_dimension: "hits_element", long_name: "number of elements of each entry of hits" },
            },
            values: new NdArray(Int32Array.from(steps(12, 1)), { dtype: "int32", shape: [12], dims: ["hits_element"] }),
          },
        },
      },
    },
    profile: {
      attributes: { root_class: "TH2D", title: "a slab of air", entries: 190 },
      dims: { x: 3, y: 2, x_flow: 5, y_flow: 4, bounds: 2 },
      variables: {
        x: { array: floats([0.5, 2, 6.5], [3], ["x"]), attributes: { long_name: "level", bounds: "x_bounds" } },
        x_bounds: floats([0, 1, 1, 3, 3, 10], [3, 2], ["x", "bounds"]),
        y: { array: floats([-0.5, 0.5], [2], ["y"]), attributes: { bounds: "y_bounds" } },
        y_bounds: floats([-1, 0, 0, 1], [2, 2], ["y", "bounds"]),
        values: inner(flow),
        variances: inner(twice),
        values_flow: { array: flow, attributes: aboutFlow },
        variances_flow: { array: twice, attributes: aboutFlow },
      },
    },
  },
});

// One for all cases: starting a worker takes a third of a second.
const connector = new Root({ cacheBytes: 1e6, timeoutMs: 60_000 });
afterAll(() => connector.stop());

testConnector(
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-root-"));
    const location = join(FIXTURES, "conformance.root");
    const short = join(folder, "short.root");
    await copyFile(location, short);
    await truncate(short, 300);
    const text = join(folder, "text.root");
    await writeFile(text, "no ROOT file, though its name says that it is one; and long enough for a header of one");
    let count = 0;
    return {
      connector,
      location,
      truth,
      newLocation: () => join(folder, `new-${++count}.root`),
      unreadable: [short, text],
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  },
  { isReadOnly: true },
);
