import { RandomStream } from "../../core/index.ts";

/** Noise of one segment of an input. */
export interface NoiseKind {
  readonly kind: "normal" | "uniform";
  /** Separates the segment's numbers from those of others; see {@link noisePurpose}. */
  readonly purpose: number;
}

/**
 * The purpose of a segment's stream of random numbers: FNV-1a, 32 bits, of `<input>/<segment>` in UTF-8, where segments
 * count from 0. With it the noise is fixed: word `k` of the Philox stream (seed, event id, purpose) makes value `k` of the
 * segment (docs/reference/generator-graph.md).
 *
 * @see G. Fowler, L. C. Noll, K.-P. Vo, RFC 9923.
 */
export function noisePurpose(input: string, segment: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${input}/${segment}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Makes the noise of one segment for one event after the other. */
export function noiseSource({
  kind,
  purpose,
}: NoiseKind): (target: Float32Array, event: { readonly id: bigint; readonly seed: bigint }) => void {
  const stream = new RandomStream({ seed: 0n, id: 0n, purpose });
  return (target, { id, seed }) => {
    stream.restart(id, seed);
    if (kind === "normal") stream.fillNormalFloat32(target);
    else stream.fillUniformFloat32(target);
  };
}
