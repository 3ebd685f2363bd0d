import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { philoxBlocks } from "./philox.ts";
import { logGamma } from "./special-functions.ts";

const BUFFER_WORDS = 256;
const TWO_POW_MINUS_53 = 2 ** -53;
const TWO_POW_MINUS_32 = 2 ** -32;
const TWO_POW_MINUS_23 = 2 ** -23;
const MAX_SEED = (1n << 64n) - 1n;

/** Which stream of random numbers. Different triples give independent streams. */
export interface StreamKey {
  /** Seed of the run, 0 to 2^64 - 1. */
  readonly seed: bigint;
  /** What the numbers are for within the run: an event id, -2^63 to 2^64 - 1 (taken modulo 2^64). */
  readonly id: bigint;
  /** Separates uses that must not share numbers, 0 to 2^32 - 1. Default 0. */
  readonly purpose?: number;
}

/**
 * A stream of random numbers that is a pure function of its {@link StreamKey}: Philox4x32-10 with the seed as key and
 * (block, purpose, id) as counter. 2^34 words per stream.
 *
 * Normal, gamma and Poisson variates use `Math.log`, `Math.cos` and the like. In V8 these are software routines shipped
 * with the engine, not the system's, so a stream is the same on every machine of one processor architecture and V8
 * version; uniforms and words are the same everywhere.
 */
export class RandomStream {
  readonly #words = new Uint32Array(BUFFER_WORDS);
  readonly #key: [number, number] = [0, 0];
  readonly #counter: [number, number, number, number] = [0, 0, 0, 0];
  #seed: bigint;
  #at = BUFFER_WORDS;
  #spareNormal = Number.NaN;

  /** @throws `TWIN_INVALID_ARGUMENT` when the seed or the purpose is out of range. */
  constructor(key: StreamKey) {
    const purpose = key.purpose ?? 0;
    if (!Number.isInteger(purpose) || purpose < 0 || purpose > 0xffffffff) {
      throw new InvalidArgumentError(`Stream purpose ${purpose} is not an integer in 0 to 2^32 - 1.`);
    }
    this.#seed = key.seed;
    this.#setKey(key.seed);
    this.#counter[1] = purpose;
    this.restart(key.id);
  }

  /**
   * Goes to the start of the stream of another id, and of another seed where one is given, same purpose. Cheaper than a new
   * object.
   *
   * @throws `TWIN_INVALID_ARGUMENT` when the seed is out of range.
   */
  restart(id: bigint, seed: bigint = this.#seed): void {
    if (seed !== this.#seed) this.#setKey(seed);
    const unsigned = BigInt.asUintN(64, id);
    this.#counter[0] = 0;
    this.#counter[2] = Number(unsigned & 0xffffffffn);
    this.#counter[3] = Number(unsigned >> 32n);
    this.#at = BUFFER_WORDS;
    this.#spareNormal = Number.NaN;
  }

  /** 32 random bits. */
  uint32(): number {
    if (this.#at === BUFFER_WORDS) this.#refill();
    return this.#words[this.#at++] as number;
  }

  /** Uniform on [0, 1), a multiple of 2^-53. Takes two words. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) * TWO_POW_MINUS_53;
  }

  /** Uniform on (0, 1): safe to take the logarithm of, or of one minus it. Takes two words. */
  uniformOpen(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 7;
    return (high * 33554432 + low + 0.5) * (2 * TWO_POW_MINUS_53);
  }

  /** Uniform on (0, 1) with 32 bits, half the price of {@link uniformOpen}. Takes one word. */
  uniformCoarse(): number {
    return (this.uint32() + 0.5) * TWO_POW_MINUS_32;
  }

  /** Normal with mean 0 and variance 1, by Box and Muller; the second of each pair is kept for the next call. */
  normal(): number {
    const spare = this.#spareNormal;
    if (!Number.isNaN(spare)) {
      this.#spareNormal = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniformOpen()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(this.uniformOpen());
  }

  /**
   * Gamma with shape `shape` > 0 and scale 1.
   *
   * @see G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000) 363, section 6
   *   for shapes below 1.
   */
  gamma(shape: number): number {
    if (!(shape > 0 && shape < Number.POSITIVE_INFINITY)) {
      throw new InvalidArgumentError(`Gamma variates need a shape above 0; got ${shape}.`);
    }
    if (shape < 1) return this.gamma(shape + 1) * this.uniformOpen() ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const z = this.normal();
      const root = 1 + c * z;
      if (root <= 0) continue;
      const v = root * root * root;
      if (Math.log(this.uniformOpen()) < 0.5 * z * z + d * (1 - v + Math.log(v))) return d * v;
    }
  }

  /**
   * Poisson with mean `mean` in 0 to 1e9.
   *
   * @see W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics
   *   and Economics 12 (1993) 39, algorithm PTRS, from a mean of 10 on; products of uniforms below.
   */
  poisson(mean: number): number {
    if (!(mean >= 0 && mean <= 1e9)) {
      throw new InvalidArgumentError(`Poisson variates need a mean in 0 to 1e9; got ${mean}.`);
    }
    return mean < 10 ? this.#poissonByProduct(mean) : this.#poissonByRejection(mean);
  }

  /** Fills an array with uniforms on [0, 1); rounded to float32 they may reach 1. */
  fillUniform(target: Float64Array | Float32Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.uniform();
  }

  /** Fills an array with {@link normal} variates. */
  fillNormal(target: Float64Array | Float32Array): void {
    for (let i = 0; i < target.length; i++) target[i] = this.normal();
  }

  /**
   * Fills an array with uniforms on (0, 1) that are exact in float32: odd multiples of 2^-24, `((word >>> 9) + 0.5) /
   * 2^23`. Takes one word each, and is the fastest there is.
   */
  fillUniformFloat32(target: Float32Array): void {
    for (let i = 0; i < target.length; ) {
      const words = this.#take(target.length - i);
      for (let k = 0; k < words.length; k++) target[i++] = (((words[k] as number) >>> 9) + 0.5) * TWO_POW_MINUS_23;
    }
  }

  /**
   * Fills an array with normal variates: the normal distribution's quantile at `(word + 0.5) / 2^32`, rounded to float32.
   * Takes one word each; several times faster than {@link fillNormal}, and the same bits on every machine and in every
   * language (normal-quantile.ts). Between -6.34 and 6.34.
   */
  fillNormalFloat32(target: Float32Array): void {
    for (let i = 0; i < target.length; ) {
      const words = this.#take(target.length - i);
      for (let k = 0; k < words.length; k++) target[i++] = normalQuantile(words[k] as number);
    }
  }

  #poissonByProduct(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniformOpen(); product > limit; product *= this.uniformOpen()) count++;
    return count;
  }

  #poissonByRejection(mean: number): number {
    const logMean = Math.log(mean);
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const accept = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniformOpen();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= accept) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
      if (left <= -mean + k * logMean - logGamma(k + 1)) return k;
    }
  }

  /** The next words, one or more and at most `count`. */
  #take(count: number): Uint32Array {
    if (this.#at === BUFFER_WORDS) this.#refill();
    const words = this.#words.subarray(this.#at, this.#at + count);
    this.#at += words.length;
    return words;
  }

  #setKey(seed: bigint): void {
    if (seed < 0n || seed > MAX_SEED) {
      throw new InvalidArgumentError(`Seed ${seed} is not in 0 to 2^64 - 1 (${MAX_SEED}).`);
    }
    this.#seed = seed;
    this.#key[0] = Number(seed & 0xffffffffn);
    this.#key[1] = Number(seed >> 32n);
  }

  #refill(): void {
    philoxBlocks(this.#words, this.#counter, this.#key);
    this.#counter[0] += BUFFER_WORDS / 4;
    this.#at = 0;
  }
}
