import { basename, dirname } from "node:path/posix";
import type { FileFacts, FolderEntry, StoreFile, StoreFs } from "../../../../core/lifecycle/fs/store-fs.ts";
import { systemError } from "../log/intercepted-fs.ts";

interface FileNode {
  readonly kind: "file";
  readonly number: number;
  modifiedMs: number;
  bytes: Uint8Array;
  /** What outlives a power cut. */
  synced: Uint8Array;
}

interface FolderNode {
  readonly kind: "folder";
  readonly number: number;
  names: Map<string, Node>;
  synced: Map<string, Node>;
}

type Node = FileNode | FolderNode;

/** What is told of a call before it is made; it may fail, or never end. */
export type Before = (call: string, path: string) => void | Promise<void>;

/**
 * A file system in memory that forgets at a power cut what was not synced: of files the bytes, of folders the names. As
 * POSIX allows, and no better: syncing a file does not sync its name.
 */
export class MemoryFs implements StoreFs {
  readonly #before: Before;
  readonly #root: FolderNode;
  #count = 0;

  constructor(before: Before = () => undefined, root?: FolderNode) {
    this.#before = before;
    this.#root = root ?? this.#folder();
  }

  /** The same files, with another observer. */
  watched(before: Before): MemoryFs {
    const fs = new MemoryFs(before, this.#root);
    fs.#count = 1e6 + this.#count;
    return fs;
  }

  /**
   * What is there after a power cut.
   *
   * @param names - `"synced"`: names that were not synced are lost; `"all"`: the disk happened to have written them.
   */
  afterPowerCut(names: "synced" | "all"): MemoryFs {
    const copies = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const known = copies.get(node);
      if (known) return known;
      if (node.kind === "file") {
        const file: FileNode = { ...node, bytes: node.synced.slice() };
        copies.set(node, file);
        return file;
      }
      const kept = [...(names === "all" ? node.names : node.synced)].map(([name, each]) => [name, copy(each)] as const);
      return { ...node, names: new Map(kept), synced: new Map(kept) };
    };
    const fs = new MemoryFs(undefined, copy(this.#root) as FolderNode);
    fs.#count = 1e6 + this.#count;
    return fs;
  }

  async stat(path: string): Promise<FileFacts> {
    await this.#before("stat", path);
    return factsOf(this.#find(path));
  }

  async list(path: string): Promise<readonly FolderEntry[]> {
    await this.#before("list", path);
    return [...this.#folderAt(path).names].map(([name, { kind }]) => ({ name, kind }));
  }

  async open(path: string): Promise<StoreFile> {
    await this.#before("open", path);
    return this.#opened(this.#find(path), path);
  }

  async create(path: string): Promise<StoreFile> {
    await this.#before("create", path);
    const empty = new Uint8Array(0);
    const file: FileNode = { kind: "file", number: this.#count++, modifiedMs: Date.now(), bytes: empty, synced: empty };
    this.#add(path, file);
    return this.#opened(file, path);
  }

  async readFile(path: string): Promise<Uint8Array> {
    await this.#before("readFile", path);
    return this.#fileAt(path).bytes.slice();
  }

  async clone(_: string, to: string): Promise<void> {
    await this.#before("clone", to);
    throw systemError("ENOTSUP");
  }

  async link(from: string, to: string): Promise<void> {
    await this.#before("link", to);
    this.#add(to, this.#find(from));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#before("rename", to);
    const node = this.#find(from);
    this.#folderAt(dirname(to)).names.set(basename(to), node);
    this.#folderAt(dirname(from)).names.delete(basename(from));
  }

  async remove(path: string): Promise<void> {
    await this.#before("remove", path);
    if (this.#find(path).kind === "folder") throw systemError("EISDIR");
    this.#folderAt(dirname(path)).names.delete(basename(path));
  }

  async makeFolder(path: string): Promise<void> {
    await this.#before("makeFolder", path);
    this.#add(path, this.#folder());
  }

  async removeFolder(path: string): Promise<void> {
    await this.#before("removeFolder", path);
    if (this.#folderAt(path).names.size > 0) throw systemError("ENOTEMPTY");
    this.#folderAt(dirname(path)).names.delete(basename(path));
  }

  async touch(path: string, timeMs: number): Promise<void> {
    await this.#before("touch", path);
    this.#fileAt(path).modifiedMs = timeMs;
  }

  async syncFolder(path: string): Promise<void> {
    await this.#before("syncFolder", path);
    const folder = this.#folderAt(path);
    folder.synced = new Map(folder.names);
  }

  #opened(node: Node, path: string): StoreFile {
    if (node.kind !== "file") throw systemError("EISDIR");
    return {
      stat: async () => {
        await this.#before("file.stat", path);
        return factsOf(node);
      },
      read: async (into, position) => {
        await this.#before("file.read", path);
        const part = node.bytes.subarray(position, position + into.length);
        into.set(part);
        return part.length;
      },
      write: async (bytes) => {
        await this.#before("file.write", path);
        node.bytes = Buffer.concat([node.bytes, bytes]);
        node.modifiedMs = Date.now();
      },
      sync: async () => {
        await this.#before("file.sync", path);
        node.synced = node.bytes;
      },
      close: async () => {
        await this.#before("file.close", path);
      },
    };
  }

  #folder(): FolderNode {
    return { kind: "folder", number: this.#count++, names: new Map(), synced: new Map() };
  }

  #add(path: string, node: Node): void {
    const { names } = this.#folderAt(dirname(path));
    if (names.has(basename(path))) throw systemError("EEXIST");
    names.set(basename(path), node);
  }

  #fileAt(path: string): FileNode {
    const node = this.#find(path);
    if (node.kind !== "file") throw systemError("EISDIR");
    return node;
  }

  #folderAt(path: string): FolderNode {
    const node = this.#find(path);
    if (node.kind !== "folder") throw systemError("ENOTDIR");
    return node;
  }

  #find(path: string): Node {
    let node: Node = this.#root;
    for (const name of path.split("/").filter((each) => each !== "")) {
      if (node.kind !== "folder") throw systemError("ENOTDIR");
      const next: Node | undefined = node.names.get(name);
      if (next === undefined) throw systemError("ENOENT");
      node = next;
    }
    return node;
  }
}

function factsOf(node: Node): FileFacts {
  const isFile = node.kind === "file";
  return {
    kind: node.kind,
    bytes: isFile ? node.bytes.length : 0,
    modifiedMs: isFile ? node.modifiedMs : 0,
    identity: String(node.number),
  };
}
