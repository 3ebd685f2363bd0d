import {
  allocate,
  type Generator,
  type Log,
  type Model,
  NdArray,
  reasonOf,
  type ValidityRange,
} from "../../../core/index.ts";
import type { Servable } from "./servable.ts";

/**
 * Has each compute once, so that the first request after a swap does not wait for what is done at the first use, and so
 * that a generator that cannot compute is found before it serves. A model may be right to refuse zeros: that is told only.
 *
 * @throws what a generator throws; the reason of the signal.
 */
export async function warmUp(servables: readonly Servable[], signal: AbortSignal, log: Log): Promise<void> {
  for (const { model, generator } of servables) {
    if (generator) await makeOne(generator, signal);
    if (model) {
      await inferOnce(model, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        log.info(
          { model: model.name, reason: reasonOf(error) },
          "A model does not compute zeros; it is served all the same",
        );
      });
    }
  }
}

/** One event, at the low end of each range. */
async function makeOne(generator: Generator, signal: AbortSignal): Promise<void> {
  const value = ({ min, max }: ValidityRange): number => [min, max].find(Number.isFinite) ?? 0;
  const conditions = Object.fromEntries(
    Object.entries(generator.validity).map(([name, range]) => [name, Float64Array.of(value(range))]),
  );
  for await (const _ of generator.generate({ conditions, eventIds: BigInt64Array.of(0n), seed: 0n }, { signal }));
}

/** Zeros, and length 1 on free axes. */
async function inferOnce(model: Model, signal: AbortSignal): Promise<void> {
  const inputs = Object.entries(model.inputs).map(([name, { dtype, shape }]): [string, NdArray] => {
    const lengths = shape.map((length) => (typeof length === "number" ? length : 1));
    const size = lengths.reduce((product, length) => product * length, 1);
    return [name, new NdArray(allocate(dtype, size), { dtype, shape: lengths })];
  });
  await model.infer(Object.fromEntries(inputs), { signal });
}
