import {
  FileClosedError,
  FileNotFoundError,
  FileUnreadableError,
  findSource,
  openSource,
  ReadFailedError,
  readBytes,
  type Source,
  type SourceFile,
  type SourceOptions,
} from "../../core/index.ts";

/** Most bytes of a file of metadata. */
const MAX_METADATA_BYTES = 256e6;

/** Names of the files that make a folder a Zarr node. */
export const METADATA_NAMES: readonly string[] = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/** The keys of a store: files below a folder, or below the prefix of a URL. */
export class ZarrStore {
  /** As given. */
  readonly location: string;
  /** The folder, without a slash at the end. */
  readonly root: string;
  readonly #sources: readonly Source[];
  #isClosed: boolean = false;

  constructor(location: string, sources: readonly Source[]) {
    const folder = location.replace(/\/+$/, "");
    const name = METADATA_NAMES.find((each) => folder.endsWith(`/${each}`));
    this.location = location;
    this.root = name === undefined ? folder : folder.slice(0, -name.length - 1);
    this.#sources = sources;
  }

  /** Opens a file of the store; `undefined` where there is none. @throws What the source throws for any other reason. */
  async open(key: string, options: SourceOptions): Promise<SourceFile | undefined> {
    if (this.#isClosed) throw new FileClosedError(this.location);
    try {
      return await openSource(this.#locationOf(key), this.#sources, options);
    } catch (error) {
      if (error instanceof FileNotFoundError) return undefined;
      throw error;
    }
  }

  /** A file of metadata, with its version; `undefined` where there is none. */
  async readText(
    key: string,
    options: SourceOptions,
  ): Promise<{ readonly text: string; readonly version: string } | undefined> {
    await using file = await this.open(key, options);
    if (file === undefined) return undefined;
    if (file.bytes > MAX_METADATA_BYTES) {
      throw new FileUnreadableError(
        this.location,
        `its ${key} has ${file.bytes} bytes; ${MAX_METADATA_BYTES} are allowed.`,
      );
    }
    const bytes = await readBytes(file, 0, file.bytes, options);
    return { text: Buffer.from(bytes).toString("utf8"), version: file.version };
  }

  /** Keys of all files with one of these names, found by listing what is below the folder. */
  async *keysNamed(names: readonly string[], options: SourceOptions): AsyncGenerator<string> {
    const name = names.length === 1 ? names[0] : `{${names.join(",")}}`;
    const pattern = `${escapePattern(this.root)}/**/${name}`;
    for await (const { location } of findSource(this.root, this.#sources).list(pattern, options)) {
      const path = location.replaceAll("\\", "/");
      const at = path.lastIndexOf(this.root.replaceAll("\\", "/"));
      yield path.slice(at + this.root.length + 1);
    }
  }

  /** Whether there is something of this name, if no store; for messages. */
  async isThere(options: SourceOptions): Promise<boolean> {
    try {
      await (await openSource(this.root, this.#sources, options)).close();
      return true;
    } catch (error) {
      // A folder, which is no file.
      if (error instanceof FileUnreadableError) return true;
      if (error instanceof FileNotFoundError) return false;
      throw error;
    }
  }

  /**
   * Fails unless a file of metadata is what it was. A chunk that is not there stands for fill values, so a folder that
   * was moved or whose mount went away would otherwise read as such.
   */
  async checkUnchanged(key: string, version: string, options: SourceOptions): Promise<void> {
    await using file = await this.open(key, options);
    if (file?.version === version) return;
    const what = file === undefined ? "is gone" : "has changed";
    throw new ReadFailedError(this.location, `its ${key} ${what} since it was opened. Open it again.`);
  }

  checkOpen(): void {
    if (this.#isClosed) throw new FileClosedError(this.location);
  }

  close(): void {
    this.#isClosed = true;
  }

  #locationOf(key: string): string {
    // Names may be any text; in a URL "?" and "#" would end the path.
    const path = /^https?:/.test(this.root) ? key.split("/").map(encodeURIComponent).join("/") : key;
    return `${this.root}/${path}`;
  }
}

function escapePattern(path: string): string {
  return path.replace(/[*?{}[\]()!+@\\]/g, "\\$&");
}
