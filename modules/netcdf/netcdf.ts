import {
  type CfProblem,
  type Connector,
  type Dataset,
  decodeCf,
  FileClosedError,
  FileUnreadableError,
  type HdfFiles,
  type OpenDataset,
  type OpenOptions,
  openSource,
  readBytes,
  type Source,
  type SourceFile,
  WriteFailedError,
  type WriteOptions,
} from "../../core/index.ts";
import { classicDataset } from "./classic/classic-dataset.ts";
import { classicVersion } from "./classic/header.ts";
import { isFilled, netcdf4Dataset } from "./netcdf4/netcdf4-dataset.ts";
import { writeNetcdf4 } from "./write/write-netcdf4.ts";

/** The eight bytes that begin an HDF5 file, or follow its user block of 512, 1024, … bytes. */
const HDF5_SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const HEAD_BYTES = 2048;

/** What {@link Netcdf} is made with. */
export interface NetcdfInit {
  /** Reads and writes HDF5, on which NetCDF-4 is built. */
  readonly hdf: HdfFiles | undefined;
  readonly sources: readonly Source[];
  readonly decode: boolean;
}

/** An open NetCDF file as a dataset. */
export interface NetcdfDataset extends OpenDataset {
  /** What cannot be shown or read, and attributes that decoding could not apply, with the reason. */
  readonly problems: readonly CfProblem[];
}

/** Reads NetCDF files of all formats, and writes NetCDF-4. */
export class Netcdf implements Connector {
  readonly formats: readonly string[] = ["netcdf"];
  readonly extensions: readonly string[] = [".nc", ".nc4", ".nc3", ".cdf", ".netcdf"];
  readonly #init: NetcdfInit;

  constructor(init: NetcdfInit) {
    this.#init = init;
  }

  recognises(head: Uint8Array, location: string): boolean {
    if (classicVersion(head) !== undefined) return true;
    if (!isHdf5(head)) return false;
    // Any HDF5 file can be seen as NetCDF-4. It is one by its name, or by what the NetCDF library leaves in it.
    const name = location.toLowerCase();
    return this.extensions.some((extension) => name.endsWith(extension)) || Buffer.from(head).includes("_NCProperties");
  }

  async open(location: string, options: OpenOptions = {}): Promise<NetcdfDataset> {
    const { decode = this.#init.decode, signal } = options;
    const file = await openSource(location, this.#init.sources, { signal });
    try {
      const head = await readBytes(file, 0, Math.min(HEAD_BYTES, file.bytes), { signal });
      if (classicVersion(head) !== undefined) return await openClassic(file, { decode, signal });
      if (!isHdf5(head)) {
        throw new FileUnreadableError(
          location,
          "it is no NetCDF file: it begins neither as a classic one nor as HDF5.",
        );
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return await this.#openNetcdf4(location, { decode, signal });
  }

  async write(location: string, dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    const { hdf } = this.#init;
    if (hdf === undefined) throw new WriteFailedError(location, NEEDS_HDF);
    await hdf.createHdf(location, (writer) => writeNetcdf4(writer, dataset, { location, ...options }), options);
  }

  async #openNetcdf4(location: string, { decode, signal }: Decoding): Promise<NetcdfDataset> {
    const { hdf } = this.#init;
    if (hdf === undefined) throw new FileUnreadableError(location, NEEDS_HDF);
    const file = await hdf.openHdf(location, { signal });
    const raw = netcdf4Dataset(file);
    const problems: CfProblem[] = [...file.problems];
    const onProblem = (problem: CfProblem): void => void problems.push(problem);
    return {
      ...(decode ? decodeCf(raw, { defaultFills: isFilled, onProblem }) : raw),
      problems,
      format: "netcdf",
      location,
      version: file.version,
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
  }
}

const NEEDS_HDF =
  "NetCDF-4 is built on HDF5, and no plugin of this twin reads HDF5. Add `hdf5()` from twinloom/modules/hdf5.";

interface Decoding {
  readonly decode: boolean;
  readonly signal: AbortSignal | undefined;
}

async function openClassic(file: SourceFile, { decode, signal }: Decoding): Promise<NetcdfDataset> {
  const { location, version } = file;
  let isClosed = false;
  const checkOpen = (): void => {
    if (isClosed) throw new FileClosedError(location);
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    await file.close();
  };
  const raw = await classicDataset(file, { checkOpen, signal });
  const problems: CfProblem[] = [];
  const onProblem = (problem: CfProblem): void => void problems.push(problem);
  return {
    ...(decode ? decodeCf(raw, { defaultFills: true, onProblem }) : raw),
    problems,
    format: "netcdf",
    location,
    version,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isHdf5(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  for (let at = 0; at + HDF5_SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : at * 2) {
    if (bytes.subarray(at, at + HDF5_SIGNATURE.length).equals(HDF5_SIGNATURE)) return true;
  }
  return false;
}
