import type { BytePort } from "./byte-port.ts";
import { damaged } from "./failure.ts";
import type { Jsroot, JsrootBuffer, JsrootFile, RootObject } from "./jsroot.ts";
import { listOf, numberOf, textOf } from "./members.ts";
import type { FileKey, ObjectKey } from "./protocol.ts";
import { unzip } from "./unzip.ts";

/** Bytes of an object that is read whole: a tree's description, a histogram. */
const MAX_OBJECT_BYTES = 256 * 2 ** 20;

/** A ROOT file whose objects are read by jsroot, from bytes that we read and decompress. */
export class RootFile {
  readonly keys: readonly ObjectKeyWithCycle[];
  readonly #jsroot: Jsroot;
  readonly #bytes: BytePort;
  readonly #file: JsrootFile;

  private constructor(jsroot: Jsroot, bytes: BytePort, file: JsrootFile) {
    this.#jsroot = jsroot;
    this.#bytes = bytes;
    this.#file = file;
    this.keys = file.fKeys.map(keyOf);
  }

  static async open(jsroot: Jsroot, bytes: BytePort, { location, bytes: size }: FileKey): Promise<RootFile> {
    const file = await jsroot.openFile({
      openFile: async () => true,
      getFileName: () => location,
      getFileSize: () => size,
      // jsroot asks for a few hundred bytes of the header, whatever the size of the file.
      readBuffer: async (position, length) => {
        const part = await bytes.read(position, position < 512 ? Math.min(length, size - position) : length);
        return new DataView(part.buffer, part.byteOffset, part.byteLength);
      },
      closeFile: () => undefined,
    });
    return new RootFile(jsroot, bytes, file);
  }

  /** The keys of a folder. */
  async keysOf(key: ObjectKey): Promise<readonly ObjectKeyWithCycle[]> {
    const folder = (await this.#buffer(key)).classStreamer({}, "TDirectory");
    const length = numberOf(folder, "fNbytesKeys");
    if (length === 0) return [];
    const bytes = await this.#bytes.read(numberOf(folder, "fSeekKeys"), length);
    const buffer = this.#jsroot.buffer(bytes, this.#file);
    buffer.readTKey();
    const count = buffer.ntoi4();
    if (count < 0 || count > bytes.length) throw damaged(`folder "${key.name}" says that it has ${count} keys`);
    return Array.from({ length: count }, () => keyOf(buffer.readTKey()));
  }

  async object(key: ObjectKey): Promise<RootObject> {
    const buffer = await this.#buffer(key);
    const object: RootObject = {};
    buffer.mapObject(1, object); // an object may refer to itself
    buffer.classStreamer(object, key.className);
    return object;
  }

  /** The C++ type and the comment of a member, as the file describes its class; empty where it does not. */
  memberOf(
    owner: { readonly name: string; readonly version: number; readonly checksum: number },
    index: number,
  ): { readonly typeName: string; readonly title: string } {
    const description = this.#file.findStreamerInfo(owner.name, owner.version, owner.checksum);
    const member = description === null ? undefined : listOf(description, "fElements")[index];
    if (member === undefined) return { typeName: "", title: "" };
    return { typeName: textOf(member, "fTypeName"), title: textOf(member, "fTitle") };
  }

  async #buffer(key: ObjectKey): Promise<JsrootBuffer> {
    const { objectBytes, keyBytes, bytes, position, name } = key;
    if (objectBytes > MAX_OBJECT_BYTES || bytes > MAX_OBJECT_BYTES) {
      throw damaged(`"${name}" has ${objectBytes} bytes; an object that is read whole may have ${MAX_OBJECT_BYTES}`);
    }
    const packed = await this.#bytes.read(position + keyBytes, bytes - keyBytes);
    const isPlain = objectBytes <= packed.length;
    const plain = isPlain ? packed : await unzip(packed, objectBytes, this.#jsroot.unzip);
    const buffer = this.#jsroot.buffer(plain, this.#file);
    buffer.fTagOffset = keyBytes;
    return buffer;
  }
}

export interface ObjectKeyWithCycle extends ObjectKey {
  readonly cycle: number;
  readonly title: string;
}

function keyOf(key: RootObject): ObjectKeyWithCycle {
  return {
    className: textOf(key, "fClassName"),
    name: textOf(key, "fRealName") || textOf(key, "fName"),
    title: textOf(key, "fTitle"),
    cycle: numberOf(key, "fCycle"),
    bytes: numberOf(key, "fNbytes"),
    keyBytes: numberOf(key, "fKeylen"),
    objectBytes: numberOf(key, "fObjlen"),
    position: numberOf(key, "fSeekKey"),
  };
}
