/**
 * XXH64 of bytes with seed 0, as two halves of 32 bits. By Yann Collet's specification (xxHash fast digest algorithm,
 * version 0.1.1); ROOT puts it before each LZ4 block. On halves, because BigInt is far too slow for every byte read.
 */
export function xxhash64(bytes: Uint8Array): { readonly high: number; readonly low: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length;
  let at = 0;
  if (length >= 32) {
    // P1 + P2, P2, 0, -P1
    const lanes: readonly Half[] = [sum(P1, P2), { ...P2 }, { high: 0, low: 0 }, { high: ~P1.high, low: -P1.low | 0 }];
    for (const [number, lane] of lanes.entries()) stripes(view, number * 8, length - 31 + number * 8, lane);
    at = length - (length % 32);
    hash(lanes[0] as Half, 1);
    add(lanes[1] as Half, 7);
    add(lanes[2] as Half, 12);
    add(lanes[3] as Half, 18);
    for (const lane of lanes) merge(lane);
  } else {
    high = P5.high;
    low = P5.low;
  }
  addHalves(Math.floor(length / 2 ** 32), length | 0);
  for (; at + 8 <= length; at += 8) {
    const [keptHigh, keptLow] = [high, low];
    round(view, at);
    xor(keptHigh, keptLow);
    rotate(27);
    multiply(P1.high, P1.low);
    addHalves(P4.high, P4.low);
  }
  if (at + 4 <= length) {
    const [keptHigh, keptLow] = [high, low];
    high = 0;
    low = view.getUint32(at, true) | 0;
    multiply(P1.high, P1.low);
    xor(keptHigh, keptLow);
    rotate(23);
    multiply(P2.high, P2.low);
    addHalves(P3.high, P3.low);
    at += 4;
  }
  for (; at < length; at++) {
    const [keptHigh, keptLow] = [high, low];
    high = 0;
    low = bytes[at] as number;
    multiply(P5.high, P5.low);
    xor(keptHigh, keptLow);
    rotate(11);
    multiply(P1.high, P1.low);
  }
  low ^= (high >>> 1) | 0; // h ^= h >>> 33
  multiply(P2.high, P2.low);
  const [shiftedHigh, shiftedLow] = [high >>> 29, (low >>> 29) | (high << 3)];
  xor(shiftedHigh, shiftedLow);
  multiply(P3.high, P3.low);
  low ^= high;
  return { high: high >>> 0, low: low >>> 0 };
}

interface Half {
  high: number;
  low: number;
}

const P1: Readonly<Half> = { high: 0x9e3779b1 | 0, low: 0x85ebca87 | 0 };
const P2: Readonly<Half> = { high: 0xc2b2ae3d | 0, low: 0x27d4eb4f | 0 };
const P3: Readonly<Half> = { high: 0x165667b1 | 0, low: 0x9e3779f9 | 0 };
const P4: Readonly<Half> = { high: 0x85ebca77 | 0, low: 0xc2b2ae63 | 0 };
const P5: Readonly<Half> = { high: 0x27d4eb2f | 0, low: 0x165667c5 | 0 };

/** The running 64-bit number; module variables, so that no operation allocates. */
let high = 0;
let low = 0;

function sum(a: Readonly<Half>, b: Readonly<Half>): Half {
  high = a.high;
  low = a.low;
  addHalves(b.high, b.low);
  return { high, low };
}

function addHalves(otherHigh: number, otherLow: number): void {
  const total = (low >>> 0) + (otherLow >>> 0);
  low = total | 0;
  high = (high + otherHigh + (total > 0xffffffff ? 1 : 0)) | 0;
}

function xor(otherHigh: number, otherLow: number): void {
  high ^= otherHigh;
  low ^= otherLow;
}

function rotate(bits: number): void {
  const [oldHigh, oldLow] = [high, low];
  high = (oldHigh << bits) | (oldLow >>> (32 - bits));
  low = (oldLow << bits) | (oldHigh >>> (32 - bits));
}

/** The product modulo 2^64; the low halves are multiplied by 16 bits at a time. */
function multiply(otherHigh: number, otherLow: number): void {
  const a0 = low & 0xffff;
  const a1 = low >>> 16;
  const b0 = otherLow & 0xffff;
  const b1 = otherLow >>> 16;
  const p00 = Math.imul(a0, b0) >>> 0;
  const middle = (Math.imul(a1, b0) >>> 0) + (p00 >>> 16);
  const middle2 = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff);
  const carry = (Math.imul(a1, b1) + Math.floor(middle / 65536) + Math.floor(middle2 / 65536)) | 0;
  high = (carry + Math.imul(high, otherLow) + Math.imul(low, otherHigh)) | 0;
  low = ((middle2 & 0xffff) << 16) | (p00 & 0xffff);
}

/** `round(0, word)` into the running number. */
function round(view: DataView, at: number): void {
  low = view.getInt32(at, true);
  high = view.getInt32(at + 4, true);
  multiply(P2.high, P2.low);
  rotate(31);
  multiply(P1.high, P1.low);
}

/** Takes every fourth word into a lane. All in local variables: most of the time is spent here. */
function stripes(view: DataView, start: number, end: number, lane: Half): void {
  let h = lane.high;
  let l = lane.low;
  for (let at = start; at < end; at += 32) {
    const wl = view.getInt32(at, true);
    const wh = view.getInt32(at + 4, true);
    // word * P2
    let a0 = wl & 0xffff;
    let a1 = wl >>> 16;
    let p00 = Math.imul(a0, 0xeb4f) >>> 0;
    let m1 = (Math.imul(a1, 0xeb4f) >>> 0) + (p00 >>> 16);
    let m2 = (Math.imul(a0, 0x27d4) >>> 0) + (m1 & 0xffff);
    const ph =
      (Math.imul(a1, 0x27d4) +
        ((m1 / 65536) | 0) +
        ((m2 / 65536) | 0) +
        Math.imul(wh, P2.low) +
        Math.imul(wl, P2.high)) |
      0;
    const pl = ((m2 & 0xffff) << 16) | (p00 & 0xffff);
    // lane += it
    const total = (l >>> 0) + (pl >>> 0);
    const sh = (h + ph + (total > 0xffffffff ? 1 : 0)) | 0;
    const sl = total | 0;
    // rotate by 31
    const rh = (sh << 31) | (sl >>> 1);
    const rl = (sl << 31) | (sh >>> 1);
    // * P1
    a0 = rl & 0xffff;
    a1 = rl >>> 16;
    p00 = Math.imul(a0, 0xca87) >>> 0;
    m1 = (Math.imul(a1, 0xca87) >>> 0) + (p00 >>> 16);
    m2 = (Math.imul(a0, 0x85eb) >>> 0) + (m1 & 0xffff);
    h =
      (Math.imul(a1, 0x85eb) +
        ((m1 / 65536) | 0) +
        ((m2 / 65536) | 0) +
        Math.imul(rh, P1.low) +
        Math.imul(rl, P1.high)) |
      0;
    l = ((m2 & 0xffff) << 16) | (p00 & 0xffff);
  }
  lane.high = h;
  lane.low = l;
}

/** Sets the running number to a rotated lane. */
function hash(lane: Half, bits: number): void {
  high = lane.high;
  low = lane.low;
  rotate(bits);
}

function add(lane: Half, bits: number): void {
  const [keptHigh, keptLow] = [high, low];
  hash(lane, bits);
  addHalves(keptHigh, keptLow);
}

function merge(lane: Half): void {
  const [keptHigh, keptLow] = [high, low];
  high = lane.high;
  low = lane.low;
  multiply(P2.high, P2.low);
  rotate(31);
  multiply(P1.high, P1.low);
  xor(keptHigh, keptLow);
  multiply(P1.high, P1.low);
  addHalves(P4.high, P4.low);
}
