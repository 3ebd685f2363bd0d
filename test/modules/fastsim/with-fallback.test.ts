import { constant, createTwin, type GeneratedBatch, type GenerateRequest, Generator, NdArray } from "twinloom";
import { withFallback } from "twinloom/modules/fastsim";
import { describe, expect, it } from "vitest";
import { all } from "./sample.ts";

const OUTPUTS: Generator["outputs"] = { values: { dtype: "float32", dims: ["cell"], shape: [2], unit: "MeV" } };

/** Makes [energy, id] of every event, in batches of 2, or of as many as it was asked for. */
class Echo implements Generator {
  readonly model: string;
  readonly validity: Generator["validity"];
  readonly outputs: Generator["outputs"];
  readonly facts: Generator["facts"];
  readonly asked: bigint[] = [];
  /** Whether every third event is flagged as made by another generator. */
  readonly flags: boolean;
  ended = false;

  constructor(
    model: string,
    validity: Generator["validity"],
    more: { outputs?: Generator["outputs"]; flags?: boolean } = {},
  ) {
    this.model = model;
    this.validity = validity;
    this.outputs = more.outputs ?? OUTPUTS;
    this.flags = more.flags ?? false;
    this.facts = { provider: "cpu", ...(this.flags && { fallback: { model: "spare" } }) };
  }

  async *generate({ conditions, eventIds, seed, batchSize = 2 }: GenerateRequest): AsyncGenerator<GeneratedBatch> {
    try {
      for (let start = 0; start < eventIds.length; start += batchSize) {
        const ids = eventIds.subarray(start, start + batchSize);
        this.asked.push(...ids);
        const rows = [...ids].flatMap((id, row) => [
          conditions["energy"]?.[start + row] as number,
          Number(id) + Number(typeof seed === "bigint" ? seed : seed[start + row]),
        ]);
        const init = { dtype: "float32", shape: [ids.length, 2], dims: ["event", "cell"] } as const;
        const byFallback = Uint8Array.from(ids, (id) => (id % 3n === 0n ? 1 : 0));
        yield {
          ...{ start, count: ids.length },
          ...(this.flags && { byFallback }),
          arrays: { values: new NdArray(Float32Array.from(rows), init) },
        };
      }
    } finally {
      this.ended = true;
    }
  }
}

const inner = (more: ConstructorParameters<typeof Echo>[2] = {}): Echo =>
  new Echo("inner", { energy: { unit: "GeV", min: 10, max: 50 } }, more);
const outer = (more: ConstructorParameters<typeof Echo>[2] = {}): Echo =>
  new Echo("outer", { energy: { unit: "MeV", min: 1000, max: 100_000 } }, more);

async function covered(generator: Generator, fallback: Generator): Promise<Generator> {
  const { shower } = await createTwin({
    plugins: { inner: constant(Generator, generator), outer: constant(Generator, fallback), shower: withFallback() },
    wire: { shower: { generator: "inner", fallback: "outer" } },
  });
  return shower;
}

const ENERGIES = [20, 5, 50, 60, 10, 9, 2];

function requestOf(energies: readonly number[], more: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    conditions: { energy: Float64Array.from(energies) },
    eventIds: BigInt64Array.from(energies, (_, index) => BigInt(100 + index)),
    seed: 1n,
    ...more,
  };
}

async function rowsOf(generator: Generator, request: GenerateRequest): Promise<readonly (readonly number[])[]> {
  const batches = await all(generator, request);
  expect(batches.map(({ start }) => start)).toEqual(
    batches.map((_, index) => batches.slice(0, index).reduce((sum, { count }) => sum + count, 0)),
  );
  const flat = batches.flatMap(({ arrays }) => [...(arrays["values"]?.toFloat64() ?? [])]);
  return Array.from({ length: flat.length / 2 }, (_, row) => flat.slice(2 * row, 2 * row + 2));
}

describe("withFallback", () => {
  const isInside = (energy: number): boolean => energy >= 10 && energy <= 50;

  it.for([1, 2, 3, 100])(
    "has the fallback make what is outside, each in its place, in batches of %i",
    async (batchSize) => {
      const [own, other] = [inner(), outer()];
      const generator = await covered(own, other);
      const seed = BigUint64Array.from(ENERGIES, (_, index) => BigInt(10 * index));
      const request = requestOf(ENERGIES, { batchSize, seed });
      expect(await rowsOf(generator, request)).toEqual(
        ENERGIES.map((energy, event) => [isInside(energy) ? energy : 1000 * energy, 100 + event + 10 * event]),
      );
      const flags = (await all(generator, request)).flatMap(({ count, byFallback }) => [
        ...(byFallback ?? new Uint8Array(count)),
      ]);
      expect(flags).toEqual(ENERGIES.map((energy) => (isInside(energy) ? 0 : 1)));
      expect(own.asked).toEqual([100n, 102n, 104n, 100n, 102n, 104n]);
    },
  );

  it("leaves batches alone where nothing is outside, and asks nobody where all is", async () => {
    const [own, other] = [inner(), outer()];
    const generator = await covered(own, other);
    expect(await rowsOf(generator, requestOf([20, 30]))).toEqual([
      [20, 101],
      [30, 102],
    ]);
    expect(other.asked).toEqual([]);
    expect(await rowsOf(generator, requestOf([5]))).toEqual([[5000, 101]]);
    expect(own.asked).toEqual([100n, 101n]);
  });

  it("tells ranges of both, and who makes what; of a generator with a fallback of its own, by the events alone", async () => {
    const generator = await covered(inner(), outer());
    expect(generator).toMatchObject({ model: "inner", validity: { energy: { unit: "GeV", min: 1, max: 100 } } });
    const range = { energy: { unit: "GeV", min: 10, max: 50 } };
    expect(generator.facts).toEqual({ provider: "cpu", fallback: { model: "outer", outside: range } });
    const both = await covered(inner({ flags: true }), outer());
    expect(both.facts?.fallback).toEqual({ model: "spare or outer" });
    const batches = await all(both, requestOf(ENERGIES, { batchSize: 4 }));
    // Event 102 is within the range, and the generator says that another made it.
    expect(batches.flatMap(({ byFallback = [] }) => [...byFallback])).toEqual([0, 1, 1, 1, 0, 1, 1]);
    expect(await all(both, requestOf([20, 30, 20]))).toMatchObject([
      { byFallback: Uint8Array.of(0, 0) },
      { byFallback: Uint8Array.of(1) },
    ]);
  });

  it("ends the generator when nobody asks on, and refuses what neither covers", async () => {
    const own = inner();
    const generator = await covered(own, outer());
    for await (const _ of generator.generate(requestOf(ENERGIES, { batchSize: 1 }))) break;
    expect(own.ended).toBe(true);
    await expect(all(generator, requestOf([20, 200]))).rejects.toMatchObject({ code: "TWIN_OUT_OF_DOMAIN" });
    await expect(
      covered(inner(), outer({ outputs: { other: { dtype: "float32", dims: [], shape: [] } } })),
    ).rejects.toThrow(/outer cannot be the fallback of inner: it makes other/);
    const doubles = { outputs: { values: { dtype: "float64", dims: ["cell"], shape: [2] } } } as const;
    await expect(covered(inner(doubles), outer(doubles))).rejects.toThrow(/only float32 arrays/);
  });
});
