import { type OnRead, READ_WATCHED, type WatchedVariable } from "../access/watched.ts";
import { ArrayVariable, type ArrayVariableInit } from "../array-variable.ts";
import { datesAsNumbers } from "../cf/date-selection.ts";
import type { DataChunk } from "../dataset.ts";
import type { NdArray } from "../nd-array.ts";
import type { Selection } from "../selection.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A coordinate that was read when the federation was opened. That was told then, and is not told again. */
export class HeldVariable extends ArrayVariable implements WatchedVariable {
  readonly #checkOpen: () => void;

  constructor(init: ArrayVariableInit & { checkOpen(): void }) {
    super(init);
    this.#checkOpen = init.checkOpen;
  }

  override async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    this.#checkOpen();
    return await super.read(
      datesAsNumbers(this.path, selection, (dim) => (dim === this.dims[0] ? this : undefined)),
      options,
    );
  }

  override async *chunks(options: Abortable = {}): AsyncIterable<DataChunk> {
    for await (const chunk of super.chunks(options)) {
      this.#checkOpen();
      yield chunk;
    }
  }

  async [READ_WATCHED](
    selections: readonly Selection[],
    options: Abortable,
    _onRead?: OnRead,
  ): Promise<readonly NdArray[]> {
    return await this.readMany(selections, options);
  }
}
