import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { RandomStream } from "twinloom";
import { describe, expect, it } from "vitest";

/** One output per operator and case, `<operator>__<case>` (scripts/make-bit-identity-graph.py). */
const GRAPH = fileURLToPath(new URL("../../fixtures/fastsim/bit-identity.onnx", import.meta.url));
const WIDTHS = { small: 13, row: 192, wide: 6480 } as const;
const EVENTS = 100;

/**
 * Cases whose rows may differ with what is computed beside them, or with the number of threads: what
 * docs/reference/generator-graph.md tells authors of graphs to avoid.
 */
const DEPENDENT = [
  // Eigen's: the tail of a vector is computed by other code than its body.
  /^(Log|Log_of_Exp_plus_one|Softplus|Elu|Selu|Celu|Asin|Acos|Atan|Sin|Cos)__/,
  // Sums of rows whose length is no multiple of 4 depend on the address of the row; sums along a middle axis on the batch.
  /^Reduce(Sum|Mean)__(13|9_of_9|45_of_45|vector_of_45|layers_45_of_144)$/,
  // Work within one image, or one product of computed matrices, is shared between threads.
  /^Conv_/,
  /^MatMul_batched__12x540x24$/,
];

const inputs = Object.entries(WIDTHS).map(([name, width], purpose) => {
  const stream = new RandomStream({ seed: 1n, id: 0n, purpose });
  const data = new Float32Array(EVENTS * width);
  for (let event = 0; event < EVENTS; event++) {
    stream.restart(BigInt(event));
    stream.fillNormal(data.subarray(event * width, (event + 1) * width));
  }
  return { name, width, data };
});

async function compute(session: ort.InferenceSession, events: readonly number[]): Promise<Map<string, Uint8Array[]>> {
  const feeds = inputs.map(({ name, width, data }): [string, ort.Tensor] => {
    const rows = new Float32Array(events.length * width);
    events.forEach((event, row) => {
      rows.set(data.subarray(event * width, (event + 1) * width), row * width);
    });
    return [name, new ort.Tensor("float32", rows, [events.length, width])];
  });
  const computed = await session.run(Object.fromEntries(feeds));
  return new Map(
    Object.entries(computed).map(([name, { data }]) => {
      const bits = new Uint8Array((data as Float32Array).slice().buffer);
      const each = bits.length / events.length;
      return [name, events.map((_, row) => bits.subarray(row * each, (row + 1) * each))];
    }),
  );
}

function load(threads: number): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(GRAPH, { intraOpNumThreads: threads, interOpNumThreads: 1 });
}

const all = Array.from({ length: EVENTS }, (_, event) => event);
const shuffled = all.map((event) => (event * 37 + 11) % EVENTS);

describe("bit identity of ONNX Runtime's operators", () => {
  it("holds for every operator that graphs may use, whatever the batch, the place and the threads", async () => {
    const one = await load(1);
    const expected = await compute(one, all);
    const two = await load(2);
    const differing = new Set<string>();
    for (const session of [one, two]) {
      for (const events of [all, shuffled, ...[1, 2, 3, 7, 16].map((count) => shuffled.slice(0, count))]) {
        for (const [name, rows] of await compute(session, events)) {
          const same = rows.every(
            (bits, row) => Buffer.compare(bits, expected.get(name)?.[events[row] as number] as Uint8Array) === 0,
          );
          if (!same) differing.add(name);
        }
      }
    }
    await Promise.all([one.release(), two.release()]);
    expect([...differing].filter((name) => !DEPENDENT.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(expected.size).toBeGreaterThan(350);
    // Were nothing to differ, the comparison would be at fault: sums of 13 depend on the address on every machine.
    expect([...differing]).toContain("ReduceSum__13");
  });
});
