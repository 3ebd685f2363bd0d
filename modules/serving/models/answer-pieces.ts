import type { NdArray } from "../../../core/index.ts";
import { joinOffsets } from "../protocol/sparse.ts";
import { type AnswerFormat, formatOutputs } from "./answer-format.ts";
import { answerBytes, checkAnswerBytes } from "./answer-size.ts";
import { joinRows, type RowArrays } from "./rows.ts";
import type { Served } from "./served.ts";

/** How the pieces of an answer are put together. */
export interface AnswerPiecesOptions {
  readonly served: Pick<Served, "name" | "kind">;
  readonly format: AnswerFormat;
  readonly maxBytes: number;
}

/**
 * The answer of a request that is larger than a batch, in the form that was asked for: nothing is reserved for what is not
 * yet computed, and an answer that grows too large is given up on the way.
 */
export class AnswerPieces {
  readonly #options: AnswerPiecesOptions;
  /** By first row. A piece may come again, where another request of its batch failed. */
  readonly #pieces = new Map<number, RowArrays>();
  #bytes = 0;

  constructor(options: AnswerPiecesOptions) {
    this.#options = options;
  }

  /** @throws `TWIN_SERVER_REFUSED` when the answer is too large; `TWIN_OUT_OF_DOMAIN` for what is no half. */
  add(start: number, rows: RowArrays): void {
    const { served, format, maxBytes } = this.#options;
    const piece = formatOutputs(served.name, rows, format);
    this.#bytes += answerBytes(piece) - answerBytes(this.#pieces.get(start) ?? {});
    this.#pieces.set(start, piece);
    checkAnswerBytes(served, this.#bytes, maxBytes);
  }

  /** The answer, once all pieces are there. */
  join(): RowArrays {
    const { sparse } = this.#options.format;
    const offsets = new Set(sparse.map((output) => `${output}.offsets`));
    const pieces = [...this.#pieces].sort(([left], [right]) => left - right).map(([, piece]) => piece);
    return Object.fromEntries(
      Object.keys(pieces[0] ?? {}).map((name) => {
        const parts = pieces.map((piece) => piece[name] as NdArray);
        return [name, offsets.has(name) ? joinOffsets(parts as NdArray<"int32">[]) : joinRows(parts)];
      }),
    );
  }
}
