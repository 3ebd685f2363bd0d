import type { HdfDataset, HdfGroup, HdfProblem } from "../../core/index.ts";
import { attributeValues } from "./attribute-value.ts";
import type { RawDataset, RawFile, RawGroup } from "./worker/protocol.ts";

/** Everything but the values of a file. It does not change, so several openings of the file may share it. */
export interface FileContents {
  readonly root: HdfGroup;
  readonly problems: readonly HdfProblem[];
  /** All datasets by path. */
  readonly datasets: ReadonlyMap<string, HdfDataset>;
  /** Where the values of datasets are, by path. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Where the values of a dataset are. */
export type Place = Pick<RawDataset, "valuesAt" | "chunkIndex">;

/** Takes over what the worker told: byte orders are put right in place. */
export function fileContents({ root: raw, problems }: RawFile): FileContents {
  const places = new Map<string, Place>();
  const root = groupOf(raw, "/", places);
  const datasets = new Map([...datasetsIn(root)].map((dataset) => [dataset.path, dataset]));
  return { root, problems, datasets, places };
}

function groupOf(raw: RawGroup, path: string, places: Map<string, Place>): HdfGroup {
  const child = (name: string): string => (path === "/" ? `/${name}` : `${path}/${name}`);
  return {
    path,
    attributes: attributeValues(raw.attributes),
    groups: Object.fromEntries(raw.groups.map((group) => [group.name, groupOf(group, child(group.name), places)])),
    datasets: Object.fromEntries(
      raw.datasets.map((dataset) => {
        // Not all of it: contents are remembered, and what the worker told of attributes is as large as they are.
        const { valuesAt, chunkIndex } = dataset;
        places.set(child(dataset.name), { valuesAt, chunkIndex });
        return [dataset.name, datasetOf(dataset, child(dataset.name))];
      }),
    ),
    links: Object.fromEntries(raw.links.map(({ name, ...link }) => [name, link])),
  };
}

function datasetOf(raw: RawDataset, path: string): HdfDataset {
  const { name: _name, valuesAt: _valuesAt, chunkIndex: _chunkIndex, attributes, virtualSources, ...rest } = raw;
  return { ...rest, path, attributes: attributeValues(attributes), ...(virtualSources && { virtualSources }) };
}

function* datasetsIn(group: HdfGroup): Generator<HdfDataset> {
  yield* Object.values(group.datasets);
  for (const child of Object.values(group.groups)) yield* datasetsIn(child);
}
