import type { Random } from "./random.ts";

/** How files are damaged. */
export const DAMAGES = ["bits", "run", "cut", "swap", "count", "header"] as const;
export type Damage = (typeof DAMAGES)[number];

/** Counts, lengths and addresses that no sound file of a few kilobytes has. */
const HOSTILE: readonly bigint[] = [
  0n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

/** The same in texts. */
const HOSTILE_TEXTS = ["-1", "0", "2147483648", "4294967295", "9223372036854775808", "1e308", "1e999"];

/** Bytes at the beginning in which headers lie. */
const HEAD_BYTES = 512;

/** A damaged copy. Only `random` decides. */
export function damaged(bytes: Buffer, damage: Damage, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length === 0) return copy;
  switch (damage) {
    case "bits":
      for (let n = 1 + random(8); n > 0; n--) {
        const at = random(copy.length);
        copy[at] = (copy[at] as number) ^ (1 << random(8));
      }
      return copy;
    case "run": {
      const start = random(copy.length);
      const end = Math.min(copy.length, start + 1 + random(64));
      const fill = random(3);
      for (let at = start; at < end; at++) copy[at] = fill === 0 ? 0 : fill === 1 ? 0xff : random(256);
      return copy;
    }
    case "cut":
      return copy.subarray(0, random(copy.length));
    case "swap":
      return swapped(copy, random);
    case "count":
      return isText(copy) ? hostileText(copy, random) : hostileCount(copy, random);
    case "header":
      return isText(copy) ? hostileText(copy, random) : hostileBytes(copy, random);
  }
}

function swapped(copy: Buffer, random: Random): Buffer {
  const length = 1 + random(Math.min(256, copy.length));
  const one = random(copy.length - length + 1);
  const other = random(copy.length - length + 1);
  const kept = Buffer.from(copy.subarray(one, one + length));
  copy.copy(copy, one, other, other + length);
  kept.copy(copy, other);
  return copy;
}

/** Overwrites something that looks like a count, a length or an address: a small number in a field of its own. */
function hostileCount(copy: Buffer, random: Random): Buffer {
  const isBig = random(2) === 0;
  const width = [4, 8][random(2)] as 4 | 8;
  const places: number[] = [];
  for (let at = 0; at + width <= copy.length; at++) {
    const low = isBig ? copy.readUInt32BE(at + width - 4) : copy.readUInt32LE(at);
    const high = width === 8 ? (isBig ? copy.readUInt32BE(at) : copy.readUInt32LE(at + 4)) : 0;
    if (high === 0 && low > 0 && low <= copy.length) places.push(at);
  }
  const place = places[random(places.length)];
  return place === undefined ? hostileBytes(copy, random) : put(copy, place, { isBig, width }, random);
}

function hostileBytes(copy: Buffer, random: Random): Buffer {
  const width = [2, 4, 8][random(3)] as 2 | 4 | 8;
  if (copy.length < width) return copy;
  const place = random(Math.min(HEAD_BYTES, copy.length) - width + 1);
  return put(copy, place, { isBig: random(2) === 0, width }, random);
}

function put(copy: Buffer, at: number, field: { isBig: boolean; width: 2 | 4 | 8 }, random: Random): Buffer {
  const value = HOSTILE[random(HOSTILE.length)] as bigint;
  for (let byte = 0; byte < field.width; byte++) {
    const place = field.isBig ? at + field.width - 1 - byte : at + byte;
    copy[place] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
  return copy;
}

function hostileText(copy: Buffer, random: Random): Buffer {
  const text = copy.toString("latin1");
  const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
  const number = numbers[random(numbers.length)];
  if (number === undefined) return copy.subarray(0, random(copy.length));
  const hostile = HOSTILE_TEXTS[random(HOSTILE_TEXTS.length)] as string;
  return Buffer.from(text.slice(0, number.index) + hostile + text.slice(number.index + number[0].length), "latin1");
}

function isText(bytes: Buffer): boolean {
  return bytes.subarray(0, HEAD_BYTES).every((byte) => byte >= 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
