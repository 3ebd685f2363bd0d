import type { GeneratedBatch, GeneratorOutput } from "../../core/index.ts";
import { GeneratedInvalidError } from "./errors.ts";

/** A batch, and its values by output. */
interface Rows {
  readonly batch: GeneratedBatch;
  readonly values: readonly Float32Array[];
}

/** Reads events one by one from the batches that a generator makes. */
export class RowReader {
  readonly #batches: AsyncIterator<GeneratedBatch>;
  readonly #widths: ReadonlyMap<string, number>;
  #rows: Rows | undefined;
  #row = 0;

  constructor(batches: AsyncIterable<GeneratedBatch>, outputs: Readonly<Record<string, GeneratorOutput>>) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#widths = new Map(
      Object.entries(outputs).map(([name, { shape }]) => [
        name,
        shape.reduce((product, length) => product * length, 1),
      ]),
    );
  }

  /**
   * Puts the next event where it belongs.
   *
   * @param targets - By output, room for events of its width.
   * @returns Whether a fallback of the generator's own made it.
   */
  async read(targets: readonly Float32Array[], place: number): Promise<boolean> {
    const { batch, values } = await this.#current();
    for (const [index, width] of [...this.#widths.values()].entries()) {
      targets[index]?.set(
        (values[index] as Float32Array).subarray(this.#row * width, (this.#row + 1) * width),
        place * width,
      );
    }
    const isByFallback = batch.byFallback?.[this.#row] === 1;
    this.#row++;
    return isByFallback;
  }

  /** Ends the generator, where it has not ended. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  async #current(): Promise<Rows> {
    while (this.#rows === undefined || this.#row >= this.#rows.batch.count) {
      const next = await this.#batches.next();
      if (next.done) throw new GeneratedInvalidError("The generator made fewer events than it was asked for.");
      const { arrays } = next.value;
      const values = [...this.#widths.keys()].map((name) => arrays[name]?.values() as Float32Array);
      this.#rows = { batch: next.value, values };
      this.#row = 0;
    }
    return this.#rows;
  }
}
