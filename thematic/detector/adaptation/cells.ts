import { InvalidArgumentError } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import type { Cell } from "../response/conditions.ts";

/** The cells of a calorimeter, counted in the order of `[layer, alpha, r]`. */
export class Cells {
  readonly size: number;
  readonly #shape: CalorimeterGeometry["shape"];

  constructor({ shape }: Pick<CalorimeterGeometry, "shape">) {
    const [layers, alphas, rings] = shape;
    this.#shape = shape;
    this.size = layers * alphas * rings;
  }

  /** The ring around the beam, in a layer, that a cell is in; they are counted from 0. */
  ringOf(index: number): number {
    const [, alphas, rings] = this.#shape;
    return Math.floor(index / (alphas * rings)) * rings + (index % rings);
  }

  cellOf(index: number): Cell {
    const [, alphas, rings] = this.#shape;
    return [Math.floor(index / (alphas * rings)), Math.floor(index / rings) % alphas, index % rings];
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a cell that there is not */
  indexOf(cell: Cell): number {
    const [layer, alpha, r] = cell;
    const [layers, alphas, rings] = this.#shape;
    if (!(layer < layers && alpha < alphas && r < rings)) {
      throw new InvalidArgumentError(
        `There is no cell [${cell.join(", ")}]: layers are 0 to ${layers - 1}, alpha 0 to ${alphas - 1}, r 0 to ${rings - 1}.`,
      );
    }
    return (layer * alphas + alpha) * rings + r;
  }
}
