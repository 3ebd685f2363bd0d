import type { OpenDataset } from "../../contracts/connector.ts";
import type { Attributes, Dimension, Storage } from "../dataset.ts";
import type { DType } from "../dtype.ts";

/** One dataset of a federation: a file, or another federation. */
export interface DatasetPart {
  /** Names the part in reports and errors; unique in its federation. */
  readonly name: string;
  /** Opens it: at first when the federation is opened, and again where it was closed to make room. */
  open(options: { readonly signal?: AbortSignal | undefined }): Promise<OpenDataset>;
  /** New names of variables and dimensions of this part: `{ temp: "tas", "/grid/lat": "lat" }`. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Units of variables for which this part states none, by their names in the federation. */
  readonly units?: Readonly<Record<string, string>>;
}

/** What a part says of a variable, under its names in the federation. */
export interface VariableFacts {
  readonly name: string;
  readonly path: string;
  /** Path in the part. */
  readonly ownPath: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  /** Names of the dimensions in the part. */
  readonly ownDims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  /** Name of the variable whose unit this one has: of bounds their coordinate, else its own. */
  readonly unitOf: string;
  /** Unit and calendar that the values are in: of a coordinate's bounds, those of the coordinate. */
  readonly scale: UnitScale;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
}

/** What numbers mean: a unit, and for times a calendar. */
export interface UnitScale {
  readonly unit: string | undefined;
  readonly calendar: string | undefined;
  /** What may be taken for granted when values are converted to it. */
  readonly context?: "water";
}

/** What a part says of a group. */
export interface GroupFacts {
  /** `""` for the root, else `/group`. */
  readonly path: string;
  readonly name: string;
  readonly dims: Readonly<Record<string, Dimension>>;
  readonly attributes: Attributes;
}

/** What a part says of itself: all that a federation keeps of it while it is closed. */
export interface PartFacts {
  readonly location: string;
  readonly format: string;
  readonly version: string | undefined;
  readonly groups: ReadonlyMap<string, GroupFacts>;
  readonly variables: ReadonlyMap<string, VariableFacts>;
  /** Names that were changed: from the part's to the federation's. */
  readonly renamed: ReadonlyMap<string, string>;
}
