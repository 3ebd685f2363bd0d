import { RandomStream } from "../../../core/index.ts";
import type { Showers } from "../contracts.ts";
import { TestBeamInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { CompactShowers } from "./compact-showers.ts";
import type { TestBeamScript } from "./script.ts";
import type { DrawnShower, EventRange, ShowerSource } from "./shower-source.ts";

/** Keeps the order of showers apart from other random numbers ("deal"). */
const PURPOSE = 0x6465_616c;
/** Distance of neighbours in float32, relative: files often store energies so. */
const FLOAT32_STEP = 2 ** -23;

/** Showers with one thickness of absorber, of a file for example. */
export interface ShowerSet {
  /** Thickness of the absorber in each stack, mm. */
  readonly absorberMm: number;
  readonly showers: Showers;
}

/** That the showers of a set were all used, and come again in another order. */
export interface ShowersReused {
  readonly absorberMm: number;
  /** How many there are with the energies of the script. */
  readonly showers: number;
  /** The first event with a shower that was there before. */
  readonly event: number;
  /** How often the set was gone through: 1 for the first time that it is used up. */
  readonly times: number;
}

/** How far a set has been dealt. */
interface Deck {
  readonly set: ShowerSet;
  /** Events of the set with energies of the script. */
  readonly wanted: readonly number[];
  /** Their showers, once they have been read. */
  compact: CompactShowers | undefined;
  readonly order: Uint32Array;
  next: number;
  times: number;
}

/**
 * Showers of sets, one for each thickness of the absorber: dealt like cards, in seeded order, without replacement; a set that is
 * used up is shuffled again.
 */
export class StoredSource implements ShowerSource {
  readonly #seed: bigint;
  readonly #decks: ReadonlyMap<number, Deck>;
  readonly #onReuse: ((reused: ShowersReused) => void) | undefined;

  /** @throws `TWIN_TESTBEAM_INVALID` where there are no showers for a thickness, or none with the energies of the script. */
  constructor(
    sets: readonly ShowerSet[],
    script: TestBeamScript,
    options: {
      readonly geometry: CalorimeterGeometry;
      readonly absorbersMm: readonly number[];
      readonly onReuse: ((reused: ShowersReused) => void) | undefined;
    },
  ) {
    this.#seed = BigInt(script.seed);
    this.#onReuse = options.onReuse;
    this.#decks = new Map(
      options.absorbersMm.map((absorberMm) => {
        const deck = deckOf(findSet(sets, absorberMm, options.geometry), script);
        this.#shuffle(deck);
        return [absorberMm, deck];
      }),
    );
  }

  async *draw({ start, stop, absorberMm, signal }: EventRange): AsyncGenerator<DrawnShower> {
    const deck = this.#decks.get(absorberMm) as Deck;
    if (deck.compact === undefined) {
      deck.compact = await CompactShowers.read(deck.set.showers, deck.wanted, signal);
    }
    for (let event = start; event < stop; event++) {
      const row = this.#deal(deck, event);
      yield { energyMeV: deck.compact.energyMeV[row] as number, shower: deck.compact.get(row) };
    }
  }

  skip({ start, stop, absorberMm }: Omit<EventRange, "signal">): void {
    const deck = this.#decks.get(absorberMm) as Deck;
    for (let event = start; event < stop; event++) this.#deal(deck, event);
  }

  #deal(deck: Deck, event: number): number {
    const { order, set } = deck;
    if (deck.next === order.length) {
      deck.times++;
      this.#shuffle(deck);
      this.#onReuse?.({ absorberMm: set.absorberMm, showers: order.length, event, times: deck.times });
    }
    return order[deck.next++] as number;
  }

  /** Fisher and Yates. Each thickness, and each time, has an order of its own. */
  #shuffle(deck: Deck): void {
    const { set, order, times } = deck;
    deck.next = 0;
    const id = (BigInt(Math.round(set.absorberMm * 1e6)) << 32n) | BigInt(times);
    const random = new RandomStream({ seed: this.#seed, id, purpose: PURPOSE });
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const other = Math.floor(random.uniform() * (i + 1));
      [order[i], order[other]] = [order[other] as number, order[i] as number];
    }
  }
}

function findSet(sets: readonly ShowerSet[], absorberMm: number, geometry: CalorimeterGeometry): ShowerSet {
  const found = sets.filter((set) => set.absorberMm === absorberMm);
  const [set] = found;
  if (set === undefined || found.length > 1) {
    const there = sets.map((each) => `${each.absorberMm} mm`).join(", ") || "none";
    throw refused(
      "absorberMm",
      `The script has an absorber of ${absorberMm} mm, and there ${set ? "are several sets" : "is no set"} of showers with it. There are: ${there}. Give one set for each thickness.`,
    );
  }
  const { shape, name } = set.showers.geometry;
  if (String(shape) === String(geometry.shape)) return set;
  throw refused(
    "absorberMm",
    `The showers for ${absorberMm} mm are of geometry "${name}", [${shape}]; the beam is on "${geometry.name}", [${geometry.shape}].`,
  );
}

function deckOf(set: ShowerSet, script: TestBeamScript): Deck {
  const { energyMeV } = set.showers;
  const wanted = [...energyMeV.keys()].filter((event) => isWanted(energyMeV[event] as number, script));
  if (wanted.length > 0) {
    return { set, wanted, compact: undefined, order: new Uint32Array(wanted.length), next: 0, times: 0 };
  }
  const { length } = energyMeV;
  throw refused(
    script.energyMeV ? "energyMeV" : "energyRangeMeV",
    `None of the ${length} showers for ${set.absorberMm} mm has such an energy: theirs are ${energyMeV.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)} to ${energyMeV.reduce((a, b) => Math.max(a, b), 0)} MeV.`,
  );
}

function isWanted(energy: number, { energyMeV, energyRangeMeV }: TestBeamScript): boolean {
  const step = FLOAT32_STEP * energy;
  if (energyMeV) return energyMeV.some((each) => Math.abs(each - energy) <= step);
  const [min, max] = energyRangeMeV as readonly [number, number];
  return energy >= min - step && energy <= max + step;
}

function refused(entry: string, message: string): TestBeamInvalidError {
  return new TestBeamInvalidError([{ path: [entry], message }]);
}
