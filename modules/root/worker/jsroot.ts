import { RequestFailure } from "./failure.ts";

// What we use of jsroot, which has no types of its own for it. Members are those of ROOT's classes, streamed as the file
// describes them, so nothing is known for certain: everything is checked where it is used.

/** An object of ROOT, by members: `fName`, … */
export type RootObject = { readonly [member: string]: unknown } & { readonly _typename?: string };

/** A buffer with a position. */
export interface JsrootBuffer {
  readonly arr: DataView;
  o: number;
  fTagOffset: number;
  classStreamer(target: object, className: string): RootObject;
  mapObject(tag: number, target: object): void;
  readTKey(): RootObject;
  ntoi4(): number;
  ntou4(): number;
  remain(): number;
  readFastArray(count: number, kind: number): unknown;
  readNdimArray(member: ArrayMember, read: unknown): unknown;
}

export interface JsrootFile {
  readonly fKeys: readonly RootObject[];
  /** The description of a class, as the file has it. */
  findStreamerInfo(className: string, version: number, checksum: number): RootObject | null;
}

/** Where jsroot reads from. */
export interface JsrootProxy {
  openFile(): Promise<boolean>;
  getFileName(): string;
  getFileSize(): number;
  readBuffer(position: number, length: number): Promise<DataView>;
  closeFile(): void;
}

export interface Jsroot {
  openFile(proxy: JsrootProxy): Promise<JsrootFile>;
  unzip(block: DataView, size: number): Promise<DataView | null>;
  buffer(bytes: Uint8Array, file: JsrootFile): JsrootBuffer;
}

interface IoModule {
  openFile(proxy: object): Promise<JsrootFile>;
  R__unzip(block: DataView, size: number, quiet: boolean): Promise<DataView | null>;
  readonly FileProxy: new () => object;
  readonly TBuffer: {
    new (bytes: DataView, position: number, file: JsrootFile): JsrootBuffer;
    prototype: JsrootBuffer;
  };
}

/** Loads the part of jsroot that reads files. */
export async function loadJsroot(): Promise<Jsroot> {
  // What it prints about a damaged file is in our errors.
  for (const name of ["log", "info", "warn", "error"] as const) console[name] = () => undefined;
  const io = await importIo();
  boundArrays(io.TBuffer.prototype);
  return {
    openFile: (proxy) => io.openFile(Object.assign(new io.FileProxy(), proxy)),
    unzip: (block, size) => io.R__unzip(block, size, true),
    buffer: (bytes, file) => new io.TBuffer(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, file),
  };
}

async function importIo(): Promise<IoModule> {
  try {
    // @ts-expect-error -- this door of jsroot has no types; IoModule has those of what we use
    return await import("jsroot/io");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === "ERR_MODULE_NOT_FOUND" && message.includes("jsroot");
    throw missing ? new RequestFailure("package", message) : error;
  }
}

/** What a file says of a member that is an array. */
interface ArrayMember {
  readonly fArrayDim?: number;
  readonly fArrayLength?: number;
  readonly fMaxIndex?: ArrayLike<number>;
}

/** ROOT's `TStreamerElement::fMaxIndex` has so many. */
const MOST_DIMENSIONS = 5;

/** An array is never longer than the bytes that are left: a damaged count would take all memory before it fails. */
function boundArrays(prototype: JsrootBuffer): void {
  const readFastArray = prototype.readFastArray;
  prototype.readFastArray = function (this: JsrootBuffer, count: number, kind: number): unknown {
    if (!(count >= 0 && count <= this.remain())) throw new RangeError(`an array of ${count} ends beyond its object`);
    return readFastArray.call(this, count, kind);
  };
  const readNdimArray = prototype.readNdimArray;
  prototype.readNdimArray = function (this: JsrootBuffer, member: ArrayMember, read: unknown): unknown {
    const { fArrayDim = 0, fArrayLength = 0, fMaxIndex = [] } = member;
    const lengths = Array.from(fMaxIndex).slice(0, Math.min(fArrayDim, MOST_DIMENSIONS));
    const most = Math.max(fArrayLength, ...lengths);
    if (fArrayDim > MOST_DIMENSIONS || most > this.remain()) {
      throw new RangeError(`an array of ${fArrayDim} dimensions, up to ${most} long, ends beyond its object`);
    }
    return readNdimArray.call(this, member, read);
  };
}
