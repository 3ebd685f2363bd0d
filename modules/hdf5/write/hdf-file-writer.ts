import {
  type AttributeValue,
  type CompressedChunk,
  type HdfAttributes,
  type HdfDatasetSpec,
  type HdfWriter,
  type NdArray,
  WriteFailedError,
} from "../../../core/index.ts";
import { u32, u64 } from "./bytes.ts";
import { DatasetOutput } from "./dataset-output.ts";
import { encodeAttribute, fixedTextAttribute } from "./encode-attribute.ts";
import { BIG_ENDIAN_FLOAT32, fixedText, REFERENCE_SEQUENCE, SCALE_USE } from "./encode-type.ts";
import { FileOutput } from "./file-output.ts";
import { GlobalHeap } from "./global-heap.ts";
import {
  attributeMessage,
  datasetMessages,
  groupMessages,
  type LinkTarget,
  linkMessage,
  MAX_MESSAGE_BYTES,
  type Message,
  objectHeader,
  superblock,
} from "./object-header.ts";

/** How the text of an attribute is stored. */
interface TextOptions {
  readonly text?: "variable" | "fixed";
}

/** A group or dataset in the making. */
interface Node {
  readonly path: string;
  readonly attributes: Map<string, Message>;
  /** Groups only: names of its links. */
  readonly children?: Map<string, Node | Exclude<LinkTarget, { readonly kind: "hard" }>>;
  /** Datasets only; undefined for a dimension without a variable, which has no values. */
  readonly values?: DatasetOutput | undefined;
  readonly shape: readonly number[];
  /** Name of the scale that it is. */
  scale?: string;
  /** Scales of each axis. */
  readonly scales: Node[][];
  /** Where it serves as a scale. */
  readonly uses: { readonly dataset: Node; readonly axis: number }[];
  messages: Message[];
  address: number;
}

/**
 * Writes an HDF5 file front to back: values and chunks as they come, then chunk indices and object headers, then the
 * superblock. h5wasm cannot write half precision, booleans, or shuffle with gzip, and keeps all of a file in memory
 * that never shrinks; this writes every dtype, in bounded memory, with chunks compressed beside each other.
 *
 * @see Source: HDF5 File Format Specification, version 3.0, The HDF Group.
 */
export class HdfFileWriter implements HdfWriter {
  readonly #output: FileOutput;
  readonly #heap: GlobalHeap;
  readonly #root: Node = newNode("/", { isGroup: true });

  constructor(output: FileOutput) {
    this.#output = output;
    this.#heap = new GlobalHeap(output);
  }

  createGroup(path: string, attributes: HdfAttributes = {}): void {
    this.#add(path, newNode(path, { isGroup: true }), attributes);
  }

  createDataset(path: string, spec: HdfDatasetSpec): void {
    const values = new DatasetOutput({ path, output: this.#output, heap: this.#heap }, spec);
    this.#add(path, newNode(path, { shape: spec.shape, values }), spec.attributes ?? {});
  }

  /** A dimension that has a name and a length but no values, as netCDF-4 writes it. */
  createDimension(path: string, length: number): void {
    const node = newNode(path, { shape: [length] });
    node.scale = dimensionOnlyName(length);
    this.#add(path, node, {});
  }

  setAttribute(path: string, name: string, value: AttributeValue, options: TextOptions = {}): void {
    this.#setAttribute(this.#find(path), name, value, options);
  }

  makeScale(path: string, name: string = path.slice(path.lastIndexOf("/") + 1)): void {
    const node = this.#find(path);
    if (node.children) this.#refuse(path, "a group cannot be a dimension scale.");
    if (node.scales.length > 0) this.#refuse(path, "a dataset with scales cannot be a dimension scale itself.");
    node.scale = name;
  }

  attachScale(path: string, dimension: number, scale: string): void {
    const node = this.#find(path);
    const target = this.#find(scale);
    if (node.scale !== undefined) this.#refuse(path, "a dimension scale cannot have scales.");
    if (!Number.isInteger(dimension) || dimension < 0 || dimension >= node.shape.length) {
      this.#refuse(path, `it has no dimension ${dimension}; it has ${node.shape.length}.`);
    }
    if (target.scale === undefined) this.makeScale(scale);
    while (node.scales.length < node.shape.length) node.scales.push([]);
    node.scales[dimension]?.push(target);
    target.uses.push({ dataset: node, axis: dimension });
  }

  createSoftLink(path: string, target: string): void {
    this.#link(path, { kind: "soft", path: target });
  }

  createExternalLink(path: string, target: { readonly file: string; readonly path: string }): void {
    this.#link(path, { kind: "external", ...target });
  }

  async write(path: string, values: NdArray, start?: readonly number[]): Promise<void> {
    const node = this.#find(path);
    if (node.values === undefined) this.#refuse(path, "it is a group, which has no values.");
    else await node.values.write(values, start ?? values.shape.map(() => 0));
  }

  /** Writes a chunk that was compressed before. @returns Whether the dataset stores such; else nothing was done. */
  async writeCompressed(path: string, chunk: CompressedChunk, start: readonly number[]): Promise<boolean> {
    return (await this.#find(path).values?.writeCompressed(chunk, start)) ?? false;
  }

  /** Writes all metadata. The file is valid only after this. */
  async finish(): Promise<void> {
    const nodes = [...nodesOf(this.#root)];
    for (const node of nodes) {
      node.messages =
        node.values !== undefined
          ? await node.values.finish()
          : node.children
            ? groupMessages(node.children.size)
            : datasetMessages(BIG_ENDIAN_FLOAT32, node, {
                kind: "contiguous",
                address: undefined,
                bytes: product(node.shape) * 4,
              });
    }
    // References hold addresses of headers, but have a size of their own: first with zeros, for the addresses.
    const lists = new Map(nodes.map((node) => [node, this.#scaleList(node)]));
    for (const node of nodes) node.address = this.#output.allocate(this.#header(node, lists.get(node)).length);
    for (const list of lists.values()) list?.fill();
    await this.#heap.flush(true);
    for (const node of nodes) await this.#output.write(node.address, this.#header(node, lists.get(node)));
    await this.#output.finish();
    await this.#output.write(0, superblock(this.#output.end, this.#root.address));
  }

  #header(node: Node, list: ScaleList | undefined): Buffer {
    const messages = [...node.messages, ...node.attributes.values(), ...scaleMessages(node)];
    if (list)
      messages.push(
        attributeMessage("DIMENSION_LIST", REFERENCE_SEQUENCE, { shape: [node.shape.length] }, list.places),
      );
    let order = 0;
    for (const [name, child] of node.children ?? []) {
      const target = "kind" in child ? child : { kind: "hard" as const, address: child.address };
      messages.push(linkMessage(name, target, order++));
    }
    for (const message of messages) this.#checkSize(node.path, message);
    return objectHeader(messages);
  }

  /** References to the scales of a dataset, in the heap; filled when the addresses are known. */
  #scaleList(node: Node): ScaleList | undefined {
    if (node.scales.length === 0) return undefined;
    const axes = node.scales.map((scales) => ({ scales, bytes: Buffer.alloc(8 * scales.length) }));
    return {
      places: Buffer.concat(axes.map(({ scales, bytes }) => this.#heap.add(bytes, scales.length))),
      fill: () => {
        for (const { scales, bytes } of axes) {
          scales.forEach((scale, i) => {
            bytes.writeBigUInt64LE(BigInt(scale.address), i * 8);
          });
        }
      },
    };
  }

  #add(path: string, node: Node, attributes: HdfAttributes): void {
    const { parent, name } = this.#parent(path);
    parent.children?.set(name, node);
    for (const [key, value] of Object.entries(attributes)) this.#setAttribute(node, key, value);
  }

  #link(path: string, target: Exclude<LinkTarget, { readonly kind: "hard" }>): void {
    const { parent, name } = this.#parent(path);
    parent.children?.set(name, target);
  }

  /** The group that a new object goes to; it must be there, and the name must be free. */
  #parent(path: string): { readonly parent: Node; readonly name: string } {
    const end = path.lastIndexOf("/");
    const name = path.slice(end + 1);
    if (!path.startsWith("/") || name === "" || name === "." || name === ".." || name.includes("\0")) {
      this.#refuse(path, "a path begins with a slash and ends with a name.");
    }
    const parent = this.#find(path.slice(0, end) || "/");
    if (!parent.children) this.#refuse(path, `"${parent.path}" is a dataset and holds nothing else.`);
    if (parent.children?.has(name)) this.#refuse(path, "there is an object of this name already.");
    return { parent, name };
  }

  #find(path: string): Node {
    let node: Node = this.#root;
    for (const name of path.split("/").filter((part) => part !== "")) {
      const child = node.children?.get(name);
      if (child === undefined || "kind" in child) this.#refuse(path, "there is no such group or dataset.");
      else node = child;
    }
    return node;
  }

  #setAttribute(node: Node, name: string, value: AttributeValue, { text = "variable" }: TextOptions = {}): void {
    if (node.attributes.has(name)) this.#refuse(node.path, `there is an attribute "${name}" already.`);
    if (name === "" || name.includes("\0")) this.#refuse(node.path, "an attribute needs a name, without NUL.");
    const isFixed = typeof value === "string" && text === "fixed";
    const message = isFixed
      ? fixedTextAttribute(name, value)
      : encodeAttribute(name, value, { dtype: node.values?.dtype, heap: this.#heap });
    this.#checkSize(`${node.path}@${name}`, message);
    node.attributes.set(name, message);
  }

  #checkSize(path: string, { data }: Message): void {
    if (data.length <= MAX_MESSAGE_BYTES) return;
    this.#refuse(path, `it has ${data.length} bytes; HDF5 allows ${MAX_MESSAGE_BYTES} here. Store it as a dataset.`);
  }

  #refuse(path: string, problem: string): never {
    throw new WriteFailedError(this.#output.location, `"${path}": ${problem}`);
  }
}

interface ScaleList {
  /** For each axis the place of its references in the heap. */
  readonly places: Buffer;
  fill(): void;
}

function newNode(
  path: string,
  of: { readonly isGroup?: boolean; readonly shape?: readonly number[]; readonly values?: DatasetOutput },
): Node {
  return {
    path,
    attributes: new Map(),
    ...(of.isGroup && { children: new Map() }),
    values: of.values,
    shape: of.shape ?? [],
    scales: [],
    uses: [],
    messages: [],
    address: 0,
  };
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children?.values() ?? []) if (!("kind" in child)) yield* nodesOf(child);
}

/** Attributes that make a dataset a dimension scale, and tell where it is used. */
function scaleMessages(node: Node): Message[] {
  if (node.scale === undefined) return [];
  const messages = [textMessage("CLASS", "DIMENSION_SCALE"), textMessage("NAME", node.scale)];
  if (node.uses.length > 0) {
    const uses = node.uses.map(({ dataset, axis }) => Buffer.concat([u64(dataset.address), u32(axis), u32(0)]));
    messages.push(attributeMessage("REFERENCE_LIST", SCALE_USE, { shape: [uses.length] }, Buffer.concat(uses)));
  }
  return messages;
}

function textMessage(name: string, text: string): Message {
  const data = Buffer.from(`${text}\0`, "utf8");
  return attributeMessage(name, fixedText(data.length), { shape: [] }, data);
}

/** How netCDF-4 names a scale that is a dimension and nothing else. */
function dimensionOnlyName(length: number): string {
  return `This is a netCDF dimension but not a netCDF variable.${String(length).padStart(10)}`;
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}

/** Writes a new file at `temporary`; `location` is the name that it will have. */
export async function writeHdfFile<T>(
  temporary: string,
  location: string,
  write: (file: HdfFileWriter) => Promise<T>,
): Promise<T> {
  const output = await FileOutput.create(temporary, location);
  try {
    const writer = new HdfFileWriter(output);
    const result = await write(writer);
    await writer.finish();
    return result;
  } finally {
    await output.close();
  }
}
