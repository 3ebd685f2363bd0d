import { type Generator, type NdArray, RandomStream } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { checkGenerator, conditionsFor } from "../showers/generator-conditions.ts";
import type { TestBeamScript } from "./script.ts";
import type { DrawnShower, EventRange, ShowerSource } from "./shower-source.ts";

/** Keeps the beam's energies apart from other random numbers ("beam"). */
const PURPOSE = 0x6265_616d;

/** Showers that a generator makes: each a pure function of the script's seed, the event's id and its conditions. */
export class GeneratedSource implements ShowerSource {
  readonly #generator: Generator;
  readonly #geometry: CalorimeterGeometry;
  readonly #script: TestBeamScript;
  readonly #random: RandomStream;

  /**
   * @param absorbersMm - Every thickness that it will be asked for.
   * @throws `TWIN_NO_SIMULATOR` for a generator of something else; `TWIN_OUT_OF_DOMAIN`, `TWIN_INVALID_ARGUMENT` for an energy
   *   or a thickness that it does not cover.
   */
  constructor(
    generator: Generator,
    script: TestBeamScript,
    { geometry, absorbersMm }: { readonly geometry: CalorimeterGeometry; readonly absorbersMm: readonly number[] },
  ) {
    checkGenerator(generator, geometry);
    this.#generator = generator;
    this.#geometry = geometry;
    this.#script = script;
    this.#random = new RandomStream({ seed: BigInt(script.seed), id: 0n, purpose: PURPOSE });
    const energyMeV = Float64Array.from(script.energyMeV ?? script.energyRangeMeV ?? []);
    for (const absorberMm of absorbersMm) conditionsFor(generator, geometry, { energyMeV, absorberMm });
  }

  async *draw({ start, stop, absorberMm, signal }: EventRange): AsyncGenerator<DrawnShower> {
    const eventIds = BigInt64Array.from({ length: stop - start }, (_, i) => BigInt(start + i));
    const energyMeV = Float64Array.from(eventIds, (id) => this.#energy(id));
    const conditions = conditionsFor(this.#generator, this.#geometry, { energyMeV, absorberMm });
    const request = { conditions, eventIds, seed: BigInt(this.#script.seed), batchSize: stop - start };
    for await (const batch of this.#generator.generate(request, { signal })) {
      const showers = (batch.arrays["showers"] as NdArray<"float32">).values();
      const width = showers.length / batch.count;
      for (let row = 0; row < batch.count; row++) {
        // A copy: whoever keeps one event does not keep its batch.
        const shower = showers.slice(row * width, (row + 1) * width);
        yield { energyMeV: energyMeV[batch.start + row] as number, shower };
      }
    }
  }

  /** No event depends on those before it. */
  skip(): void {}

  #energy(id: bigint): number {
    this.#random.restart(id);
    const { energyMeV, energyRangeMeV } = this.#script;
    const uniform = this.#random.uniform();
    if (energyMeV) return energyMeV[Math.floor(uniform * energyMeV.length)] as number;
    const [min, max] = energyRangeMeV as readonly [number, number];
    return Math.min(max, Math.max(min, min * (max / min) ** uniform));
  }
}
