import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Connector, FederatedDataset, OpenDataset, Plugins, Source, TwinControl } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { federateFiles } from "./federate-files.ts";
import type { FederationChoice } from "./federation-options.ts";
import { withTwin } from "./with-twin.ts";

/** What is opened, and with what. */
export interface OpenChoice extends FederationChoice {
  /** Files, folders and patterns; more than one file is a federation. */
  readonly files: readonly string[];
  /** A twin.yaml or a version whose connectors and sources, with their credentials, are used. */
  readonly twin?: string | undefined;
  /** Where that version is. */
  readonly store?: string | undefined;
  /** Whether values are as stored. */
  readonly raw?: boolean | undefined;
  /** A file that will be written. */
  readonly output?: string | undefined;
}

/** What a command works on. */
export interface Opened {
  readonly dataset: OpenDataset | FederatedDataset;
  /** For files to be written. */
  readonly connectors: readonly Connector[];
}

type CommandPlace = Pick<CommandIo, "cwd" | "signal" | "warn">;

/** Opens data of any format that the command line reads, works on them, and closes them. */
export async function withData<T>(
  choice: OpenChoice,
  io: CommandPlace,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const { datasetParts, standsForMany } = await import("../core/index.ts");
  const { signal } = io;
  const locations = choice.files.map((file) => absolute(file, io.cwd));
  return await withFormats({ ...choice, locations }, io, async ({ connectors, sources }) => {
    const decode = choice.raw ? { decode: false } : {};
    const parts = await datasetParts(locations, connectors, { sources, signal, ...decode }).catch(async (error) => {
      throw await noFiles(locations, error, connectors);
    });
    const [only, ...others] = parts;
    const isOne = only !== undefined && others.length === 0 && !locations.some(standsForMany);
    const dataset = isOne ? await only.open({ signal }) : await federateFiles(parts, choice, io);
    try {
      return await work({ dataset, connectors });
    } finally {
      await dataset.close();
    }
  });
}

/** What to tell where the locations stand for no file; a file that is not there is another matter. */
async function noFiles(
  locations: readonly string[],
  thrown: unknown,
  connectors: readonly Connector[],
): Promise<unknown> {
  const { standsForMany, FileNotFoundError } = await import("../core/index.ts");
  if (!(thrown instanceof FileNotFoundError)) return thrown;
  const { NoFilesError } = await import("./errors.ts");
  const shown = locations.map((location) => `"${location}"`).join(", ");
  if (locations.some(standsForMany)) {
    return new NoFilesError(
      thrown.location,
      `No file matches ${shown}. Check folder and pattern; a relative one starts at the working directory.`,
    );
  }
  if (!locations.every((location) => existsSync(location))) return thrown;
  const endings = connectors.flatMap(({ extensions }) => extensions).join(", ");
  return new NoFilesError(
    thrown.location,
    `No file in ${shown} ends as data do: ${endings}. Files of other names are found by a pattern, such as "${locations[0]?.replace(/[\\/]+$/, "")}/*".`,
  );
}

interface Formats {
  readonly connectors: readonly Connector[];
  readonly sources: readonly Source[];
}

/** A twin of the formats that are needed: the given one, or one of all that the endings of the names ask for. */
async function withFormats<T>(
  { twin: spec, store, locations, output }: OpenChoice & { readonly locations: readonly string[] },
  io: CommandPlace,
  work: (formats: Formats) => Promise<T>,
): Promise<T> {
  const { signal } = io;
  const { createTwin, many, recognise, resolveNeeds, Connector, Log, Source } = await import("../core/index.ts");
  const { warningLog } = await import("./warning-log.ts");
  const formatsOf = (twin: TwinControl): Formats =>
    resolveNeeds(twin, { connectors: many(Connector), sources: many(Source) });
  if (spec !== undefined) {
    const { loadTwin } = await import("./load-twin.ts");
    const composition = await loadTwin({ twin: spec, store, withdrawn: "warn" }, io);
    const provides = Object.values(composition.plugins).map(({ definition }) => definition.provides);
    const plugins = provides.flat().includes(Log)
      ? composition.plugins
      : { ...composition.plugins, [LOG_PART]: warningLog(io) };
    return await withTwin(await createTwin({ ...composition, plugins, signal }), (twin) => work(formatsOf(twin)));
  }
  const compose = async (plugins: Plugins): Promise<TwinControl> =>
    await createTwin({ name: "files", plugins: { ...plugins, [LOG_PART]: warningLog(io) }, signal });
  const names = [...locations, ...(output === undefined ? [] : [output])];
  const fewest = await compose(await pluginsFor(names));
  const { connectors } = formatsOf(fewest);
  // The ending may be wrong: then any format may be right.
  const [only] = locations;
  const isKnown =
    locations.length !== 1 ||
    only === undefined ||
    isRemote(only) ||
    (await recognise(only, connectors).catch(() => connectors[0])) !== undefined;
  if (isKnown) return await withTwin(fewest, (twin) => work(formatsOf(twin)));
  await fewest.stop();
  return await withTwin(await compose(await pluginsFor([...names, ""])), (twin) => work(formatsOf(twin)));
}

const LOG_PART = "commandLineLog";

interface Format {
  readonly part: string;
  readonly endings: readonly string[];
  load(): Promise<Plugins[string]>;
}

/** Each is imported only where a name may need it. NetCDF-4 files are HDF5. */
const FORMATS: readonly Format[] = [
  {
    part: "hdf5",
    endings: [".h5", ".hdf5", ".he5", ".hdf", ".nc", ".nc4", ".cdf"],
    load: async () => (await import("../modules/hdf5/index.ts")).hdf5(),
  },
  {
    part: "netcdf",
    endings: [".nc", ".nc4", ".cdf", ".nc3"],
    load: async () => (await import("../modules/netcdf/index.ts")).netcdf(),
  },
  { part: "root", endings: [".root"], load: async () => (await import("../modules/root/index.ts")).root() },
  { part: "csv", endings: [".csv", ".tsv"], load: async () => (await import("../modules/csv/index.ts")).csv() },
  { part: "zarr", endings: [".zarr"], load: async () => (await import("../modules/zarr/index.ts")).zarr() },
];

async function pluginsFor(names: readonly string[]): Promise<Plugins> {
  const endings = names.map((name) => /\.[a-z0-9]+$/i.exec(name.replace(/[\\/]+$/, ""))?.[0].toLowerCase() ?? "");
  const isOpen = endings.some((ending) => !FORMATS.some((format) => format.endings.includes(ending)));
  const wanted = FORMATS.filter((format) => isOpen || format.endings.some((ending) => endings.includes(ending)));
  const parts = await Promise.all(wanted.map(async ({ part, load }) => [part, await load()] as const));
  const sources: [string, Plugins[string]][] = [];
  if (names.some((name) => /^https?:/i.test(name))) {
    sources.push(["http", (await import("../modules/http/index.ts")).http()]);
  }
  if (names.some((name) => /^s3:/i.test(name))) sources.push(["s3", await s3FromEnvironment()]);
  return Object.fromEntries([...parts, ...sources]);
}

/** As Amazon's own tools are configured. Without a key, buckets are asked as the public is. */
async function s3FromEnvironment(): Promise<Plugins[string]> {
  const { env } = await import("../core/index.ts");
  const { s3 } = await import("../modules/s3/index.ts");
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL = AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID } = process.env;
  return s3({
    ...(AWS_ENDPOINT_URL && { endpoint: AWS_ENDPOINT_URL }),
    ...(AWS_REGION && { region: AWS_REGION }),
    ...(AWS_ACCESS_KEY_ID
      ? { accessKeyId: env("AWS_ACCESS_KEY_ID"), secretAccessKey: env("AWS_SECRET_ACCESS_KEY") }
      : { anonymous: true }),
    ...(process.env["AWS_SESSION_TOKEN"] && { sessionToken: env("AWS_SESSION_TOKEN") }),
  });
}

/** A path from the working directory; a URL as it is. */
export function absolute(file: string, cwd: string): string {
  if (isRemote(file)) return file;
  // A slash at the end says that it is a folder.
  return /[\\/]$/.test(file) ? `${resolve(cwd, file)}/` : resolve(cwd, file);
}

/** Whether it is a URL. */
export function isRemote(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(location);
}
