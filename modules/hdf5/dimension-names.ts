import type { Dimension, HdfDataset, HdfGroup } from "../../core/index.ts";

/** Names of dimensions, taken from dimension scales. */
export interface DimensionNames {
  /** Dimensions whose scale lies in a group. */
  definedIn(group: string): Readonly<Record<string, Dimension>>;
  /** Name of each axis of a dataset, and by name, the path of its scale. */
  of(dataset: HdfDataset): { readonly dims: readonly string[]; readonly scales: Readonly<Record<string, string>> };
}

/**
 * A dimension has the name of the first scale attached to it; a one-dimensional scale is its own. Where there is no
 * scale, its length is another, or its name is taken on another axis: the label, else `dim_0`, `dim_1`, … by axis.
 */
export function namedDimensions(root: HdfGroup): DimensionNames {
  const scales = new Map<string, HdfDataset>();
  for (const dataset of datasetsIn(root)) if (isAxis(dataset)) scales.set(dataset.path, dataset);
  return {
    definedIn: (group) => {
      const inside = [...scales.values()].filter(({ path }) => parentOf(path) === group);
      return Object.fromEntries(
        inside.map(({ path, shape, maxShape }): [string, Dimension] => [
          nameOf(path),
          { length: shape?.[0] ?? 0, unlimited: maxShape[0] === undefined },
        ]),
      );
    },
    of: (dataset) => axisNames(dataset, scales),
  };
}

function axisNames(
  dataset: HdfDataset,
  known: ReadonlyMap<string, HdfDataset>,
): { readonly dims: readonly string[]; readonly scales: Readonly<Record<string, string>> } {
  const dims: string[] = [];
  const scales: Record<string, string> = {};
  const shape = dataset.shape ?? [0];
  shape.forEach((length, axis) => {
    const attached = known.has(dataset.path) ? [dataset.path] : (dataset.scales[axis] ?? []);
    const scale = attached.find((path) => {
      const parent = parentOf(path);
      return (
        known.get(path)?.shape?.[0] === length &&
        isWithin(dataset.path, parent) &&
        !dims.includes(nameOf(path)) &&
        !isHidden(path, dataset.path, known)
      );
    });
    const label = dataset.labels[axis] ?? "";
    if (scale !== undefined) scales[nameOf(scale)] = scale;
    dims.push(scale !== undefined ? nameOf(scale) : label !== "" && isFree(label, dims) ? label : `dim_${axis}`);
  });
  return { dims, scales };

  function isFree(label: string, taken: readonly string[]): boolean {
    return !taken.includes(label) && !isVisible(label, dataset.path, known) && !/^dim_\d+$/.test(label);
  }
}

/** Whether a scale of this name is defined in a group around a dataset. */
function isVisible(name: string, path: string, known: ReadonlyMap<string, HdfDataset>): boolean {
  for (let group = parentOf(path); ; group = parentOf(group)) {
    if (known.has(group === "/" ? `/${name}` : `${group}/${name}`)) return true;
    if (group === "/") return false;
  }
}

/** Whether a nearer group has a scale of the same name. */
function isHidden(scale: string, path: string, known: ReadonlyMap<string, HdfDataset>): boolean {
  const name = nameOf(scale);
  for (let group = parentOf(path); group !== parentOf(scale); group = parentOf(group)) {
    if (known.has(`${group}/${name}`)) return true;
  }
  return false;
}

function isAxis(dataset: HdfDataset): boolean {
  const isNumber = dataset.type.class !== "compound" && dataset.type.class !== "sequence";
  return dataset.isScale && isNumber && dataset.shape?.length === 1;
}

function isWithin(path: string, group: string): boolean {
  return group === "/" || path.startsWith(`${group}/`);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function* datasetsIn(group: HdfGroup): Generator<HdfDataset> {
  yield* Object.values(group.datasets);
  for (const child of Object.values(group.groups)) yield* datasetsIn(child);
}
