import { damaged } from "./failure.ts";
import type { RootObject } from "./jsroot.ts";
import { listOf, numberOf, numbersOf, objectOf, textOf } from "./members.ts";
import type { EmbeddedFrame, RawBaskets } from "./protocol.ts";

const METHODS: Readonly<Record<number, string>> = { 1: "zlib", 2: "lzma", 3: "old", 4: "lz4", 5: "zstd" };

/** `"zlib(1)"`; undefined where nothing is compressed. ROOT stores 100 times the method, and the level. */
export function compressionOf(branch: RootObject): string | undefined {
  const setting = numberOf(branch, "fCompress");
  if (setting % 100 === 0) return undefined;
  return `${METHODS[Math.floor(setting / 100)] ?? "zlib"}(${setting % 100})`;
}

/**
 * Where the baskets of a branch are: in the file, or in the tree itself, as is the last one of a tree that was written
 * before it was full.
 *
 * @throws When they do not have all the entries.
 */
export function basketsOf(branch: RootObject, entries: number): RawBaskets {
  if (textOf(branch, "fFileName") !== "")
    throw damaged(`its values are in another file, "${textOf(branch, "fFileName")}"`);
  if (numberOf(branch, "fFirstEntry") !== 0) throw damaged("it does not begin at the first entry");
  const seeks = numbersOf(branch, "fBasketSeek");
  const sizes = numbersOf(branch, "fBasketBytes");
  const firsts = numbersOf(branch, "fBasketEntry");
  const inTree = listOf(branch, "fBaskets");
  const count = Math.max(numberOf(branch, "fWriteBasket"), lastFilled(inTree) + 1);
  if (count > Math.max(seeks.length, inTree.length))
    throw damaged(`it has ${count} baskets, and places for ${seeks.length}`);

  const found: { entry: number; position: number; bytes: number; embedded?: ReturnType<typeof embeddedBasket> }[] = [];
  let next = 0;
  for (let number = 0; number < count; number++) {
    const basket = inTree[number];
    const position = seeks[number] ?? 0;
    if (position > 0) {
      found.push({ entry: firsts[number] ?? 0, position, bytes: sizes[number] ?? 0 });
    } else if (basket !== undefined && numberOf(basket, "fNevBuf") > 0) {
      const entry = numberOf(basket, "fNevBuf") === entries ? 0 : (firsts[number] ?? next);
      found.push({ entry, position: 0, bytes: 0, embedded: embeddedBasket(basket) });
      next = entry + numberOf(basket, "fNevBuf");
    }
  }

  const starts = Float64Array.from([...found.map(({ entry }) => entry), entries]);
  if (found.length > 0 && starts[0] !== 0) throw damaged(`its first basket begins at entry ${starts[0]}`);
  if (found.length === 0 && entries > 0) throw damaged(`it has ${entries} entries, and no basket`);
  starts.forEach((start, i) => {
    if (i > 0 && !(start >= (starts[i - 1] as number))) throw damaged("its baskets are out of order");
  });
  return {
    entries: starts,
    positions: Float64Array.from(found, ({ position }) => position),
    bytes: Float64Array.from(found, ({ bytes }) => bytes),
    embedded: new Map(
      found.flatMap(({ embedded }, number) => (embedded === undefined ? [] : [[number, embedded] as const])),
    ),
  };
}

function lastFilled(baskets: readonly (RootObject | undefined)[]): number {
  return baskets.findLastIndex((basket) => basket !== undefined && numberOf(basket, "fNevBuf") > 0);
}

function embeddedBasket(basket: RootObject): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly frame: EmbeddedFrame;
} {
  const keyBytes = numberOf(basket, "fKeylen");
  const last = numberOf(basket, "fLast");
  const view = objectOf(basket, "fBufferRef")?.["arr"];
  const isView = view instanceof DataView;
  if (last > keyBytes && !isView) throw damaged("a basket in the tree has no values");
  const offsets = numbersOf(basket, "fEntryOffset");
  const bytes = isView ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array();
  return {
    bytes: new Uint8Array(bytes),
    frame: { keyBytes, last, offsets: offsets.length > 0 ? Int32Array.from(offsets) : undefined },
  };
}
