import { damaged } from "./failure.ts";

// One array of probabilities, as in the reference decoder: where each kind of them begins.
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + 12 * 16;
const IS_NOT_LAST = IS_REPEAT + 12;
const IS_NOT_SECOND = IS_NOT_LAST + 12;
const IS_NOT_THIRD = IS_NOT_SECOND + 12;
const IS_LONG = IS_NOT_THIRD + 12;
const SLOT = IS_LONG + 12 * 16;
const SPECIAL = SLOT + 4 * 64;
const ALIGN = SPECIAL + 115;
const MATCH_LENGTH = ALIGN + 16;
const REPEAT_LENGTH = MATCH_LENGTH + 2 + 2 * 16 * 8 + 256;
const LITERAL = REPEAT_LENGTH + 2 + 2 * 16 * 8 + 256;
/** Of literals: lc + lp is 4 at most in LZMA2. */
const PROBABILITIES = LITERAL + (0x300 << 4);

/**
 * Undoes LZMA piece by piece into one array, which is the dictionary too.
 *
 * @see Source: LZMA specification (Igor Pavlov, 2015).
 */
export class LzmaDecoder {
  readonly #out: Uint8Array;
  readonly #probabilities = new Uint16Array(PROBABILITIES);
  #to = 0;
  /** Nothing before is referred to. */
  #base = 0;
  #state = 0;
  /** The last distances, less one. */
  #repeats: [number, number, number, number] = [0, 0, 0, 0];
  #literalBits = 0;
  #literalMask = 0;
  #positionMask = 0;
  // The range decoder.
  #in: Uint8Array = new Uint8Array();
  #at = 0;
  #range = 0;
  #code = 0;

  constructor(out: Uint8Array) {
    this.#out = out;
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#to;
  }

  resetDictionary(): void {
    this.#base = this.#to;
  }

  /** Takes over the parameters lc, lp and pb, as one byte has them. */
  setProperties(byte: number): void {
    const lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    const pb = Math.floor(byte / 45);
    if (pb > 4 || lc + lp > 4) throw damaged("LZMA: wrong parameters");
    this.#literalBits = lc;
    this.#literalMask = (1 << lp) - 1;
    this.#positionMask = (1 << pb) - 1;
  }

  resetState(): void {
    this.#state = 0;
    this.#repeats = [0, 0, 0, 0];
    this.#probabilities.fill(1024);
  }

  /** Bytes that are stored as they are. */
  copy(bytes: Uint8Array): void {
    if (bytes.length > this.#out.length - this.#to) throw damaged("LZMA: more bytes than there should be");
    this.#out.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  /** Undoes a piece, which must become exactly so many bytes. */
  decode(bytes: Uint8Array, size: number): void {
    const end = this.#to + size;
    if (end > this.#out.length) throw damaged("LZMA: more bytes than there should be");
    if (bytes.length < 5 || bytes[0] !== 0) throw damaged("LZMA: a piece begins wrongly");
    this.#in = bytes;
    this.#range = 0xffffffff;
    this.#code = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
    this.#at = 5;
    while (this.#to < end) {
      const position = (this.#to - this.#base) & this.#positionMask;
      if (this.#bit(IS_MATCH + (this.#state << 4) + position) === 0) this.#literal();
      else this.#match(position, end);
      // Of damaged bytes no more is decoded than there is.
      if (this.#at > bytes.length) throw damaged("LZMA: a piece ends too early");
    }
    if (this.#at !== bytes.length || this.#code !== 0) throw damaged("LZMA: a piece ends wrongly");
  }

  #literal(): void {
    const out = this.#out;
    const to = this.#to;
    const place = to - this.#base;
    const previous = place === 0 ? 0 : (out[to - 1] as number);
    const context = ((place & this.#literalMask) << this.#literalBits) + (previous >>> (8 - this.#literalBits));
    const first = LITERAL + 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let other = out[to - this.#repeats[0] - 1] as number;
      while (symbol < 0x100) {
        const expected = (other >>> 7) & 1;
        other <<= 1;
        const bit = this.#bit(first + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(first + symbol);
    out[to] = symbol;
    this.#to = to + 1;
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  #match(position: number, end: number): void {
    const state = this.#state;
    let length = 1;
    if (this.#bit(IS_REPEAT + state) === 0) {
      length = this.#length(MATCH_LENGTH, position);
      const [last, second, third] = this.#repeats;
      this.#repeats = [this.#distance(length), last, second, third];
      this.#state = state < 7 ? 7 : 10;
    } else {
      const isLast = this.#bit(IS_NOT_LAST + state) === 0;
      if (!isLast) this.#recall(state);
      if (isLast && this.#bit(IS_LONG + (state << 4) + position) === 0) {
        this.#state = state < 7 ? 9 : 11;
      } else {
        length = this.#length(REPEAT_LENGTH, position);
        this.#state = state < 7 ? 8 : 11;
      }
    }
    const distance = this.#repeats[0] + 1;
    if (distance > this.#to - this.#base) throw damaged("LZMA: a reference to before the beginning");
    if (length > end - this.#to) throw damaged("LZMA: more bytes than there should be");
    const out = this.#out;
    let to = this.#to;
    for (const stop = to + length; to < stop; to++) out[to] = out[to - distance] as number;
    this.#to = to;
  }

  /** Brings the second to fourth last distance to the front. */
  #recall(state: number): void {
    const [last, second, third, fourth] = this.#repeats;
    if (this.#bit(IS_NOT_SECOND + state) === 0) this.#repeats = [second, last, third, fourth];
    else if (this.#bit(IS_NOT_THIRD + state) === 0) this.#repeats = [third, last, second, fourth];
    else this.#repeats = [fourth, last, second, third];
  }

  #length(first: number, position: number): number {
    if (this.#bit(first) === 0) return 2 + this.#tree(first + 2 + (position << 3), 3);
    if (this.#bit(first + 1) === 0) return 10 + this.#tree(first + 2 + 128 + (position << 3), 3);
    return 18 + this.#tree(first + 2 + 256, 8);
  }

  /** A new distance, less one. */
  #distance(length: number): number {
    const slot = this.#tree(SLOT + (Math.min(length - 2, 3) << 6), 6);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const high = ((2 | (slot & 1)) << bits) >>> 0;
    if (slot < 14) return high + this.#reverseTree(SPECIAL + high - slot, bits);
    let middle = 0;
    for (let i = 4; i < bits; i++) middle = (middle << 1) | this.#plainBit();
    return high + middle * 16 + this.#reverseTree(ALIGN, 4);
  }

  #tree(first: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(first + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(first: number, bits: number): number {
    let node = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(first + node);
      node = (node << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  #bit(index: number): number {
    const probability = this.#probabilities[index] as number;
    const bound = (this.#range >>> 11) * probability;
    const bit = this.#code < bound ? 0 : 1;
    if (bit === 0) {
      this.#range = bound;
      this.#probabilities[index] = probability + ((2048 - probability) >>> 5);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      this.#probabilities[index] = probability - (probability >>> 5);
    }
    this.#refill();
    return bit;
  }

  /** One that is as likely to be 0 as 1. */
  #plainBit(): number {
    this.#range >>>= 1;
    const bit = this.#code < this.#range ? 0 : 1;
    if (bit === 1) this.#code -= this.#range;
    this.#refill();
    return bit;
  }

  #refill(): void {
    if (this.#range >= 0x1000000) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | (this.#in[this.#at++] ?? 0)) >>> 0;
  }
}
