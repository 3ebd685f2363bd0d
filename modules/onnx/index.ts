import { basename } from "node:path";
import { z } from "zod";
import {
  type Artifact,
  ArtifactChangedError,
  artifactOption,
  type Digest,
  type DType,
  definePlugin,
  Model,
  many,
  type PluginFactory,
  Source,
} from "../../core/index.ts";
import { ModelMismatchError, ModelNotAllowedError } from "./errors.ts";
import { differences, type ExpectedModel } from "./expect.ts";
import { type OnnxFile, readOnnxFile } from "./onnx-file.ts";
import { OnnxModel } from "./onnx-model.ts";
import { readModelBytes } from "./read-bytes.ts";

/** Options of {@link onnx}. */
export interface OnnxOptions {
  /** The model: a path, what a `Source` of the twin serves, or an artifact. */
  readonly file: string | Artifact;
  /** Name of the model, for tables and run records; the file's name without its ending by default. */
  readonly name?: string | undefined;
  /** What computes it: `"cpu"` (default), or `"cuda"` with the CPU where there is none. */
  readonly provider?: "cpu" | "cuda";
  /** Where the provider is not to be had: a warning and the CPU (`"warn"`, default), or an error (`"refuse"`). */
  readonly fallback?: "warn" | "refuse";
  /** Threads that one operator may use; 1 by default. */
  readonly threads?: number;
  /** Inputs and outputs that the file must have. */
  readonly expect?: ExpectedModel | undefined;
  /** SHA-256 of the files that are allowed, `sha256:` and 64 hexadecimal digits; any file by default. */
  readonly digests?: readonly string[] | undefined;
  /** Larger files are refused; 512 MB by default. */
  readonly maxBytes?: number;
}

const DTYPES = [
  ...["float16", "float32", "float64", "int8", "int16", "int32", "int64"],
  ...["uint8", "uint16", "uint32", "uint64", "bool", "string"],
] as DType[];

const tensors = z
  .record(
    z.string(),
    z.object({
      dtype: z.enum(DTYPES).describe("Type of the values."),
      shape: z
        .array(z.union([z.number().int().min(0), z.string().min(1)]))
        .readonly()
        .describe("Length of each axis; a name where it is free."),
    }),
  )
  .optional();

const MAX_BYTES = 512e6;

/**
 * A model in an ONNX file, computed by ONNX Runtime.
 *
 * Needs the package `onnxruntime-node`; without it, starting is `TWIN_PACKAGE_MISSING` with the install line. The file is
 * read once: what was checked is what is computed. All models of a process share one thread beside the main one, and one
 * queue. With one thread per operator (the default) results on one kind of processor do not depend on how many it has.
 *
 * @example
 * await using twin = await createTwin({ plugins: { shower: onnx({ file: "gan.onnx" }) } });
 * const { showers } = await twin.shower.infer({ incident_energy, absorber_thickness, normal, uniform });
 */
export const onnx: PluginFactory<OnnxOptions, OnnxModel> = definePlugin({
  name: "twinloom/modules/onnx",
  version: "0.1.0",
  provides: Model,
  needs: { sources: many(Source) },
  options: z.object({
    file: z
      .union([z.string().min(1), artifactOption()])
      .describe("The model: a path, what a source of the twin serves, or an artifact."),
    name: z.string().min(1).optional().describe("Name of the model; the file's without its ending by default."),
    provider: z.enum(["cpu", "cuda"]).default("cpu").describe("What computes it."),
    fallback: z
      .enum(["warn", "refuse"])
      .default("warn")
      .describe("Where the provider is not to be had: a warning and the CPU, or an error."),
    threads: z.number().int().min(1).max(1024).default(1).describe("Threads that one operator may use."),
    expect: z.object({ inputs: tensors, outputs: tensors }).optional().describe("Inputs and outputs it must have."),
    digests: z
      .array(z.string().regex(/^sha256:[0-9a-f]{64}$/, 'It must be "sha256:" and 64 lower-case hexadecimal digits.'))
      .readonly()
      .optional()
      .describe("SHA-256 of the files that are allowed; any file by default."),
    maxBytes: z.number().int().min(1).default(MAX_BYTES).describe("Larger files are refused."),
  }),
  create: async ({ sources }, { file, expect, digests, maxBytes, ...options }, { log, signal }) => {
    // Not verified first and then read: between the two it may become another file.
    const { location, stated } =
      typeof file === "string" ? { location: file } : { location: file.file, stated: file.digest };
    const { bytes, digest } = await readModelBytes(location, { sources, maxBytes, signal });
    if (stated !== undefined && digest !== stated) throw new ArtifactChangedError(location, stated, digest);
    if (digests && !digests.includes(digest)) throw new ModelNotAllowedError(location, digest, digests);
    const facts = readOnnxFile(bytes, location);
    const problems = expect ? differences(expect, facts) : [];
    if (problems.length > 0) throw new ModelMismatchError(location, problems);
    const name = options.name ?? nameOf(location);
    return new OnnxModel({ ...options, name, location, bytes, digest, file: facts, log });
  },
});

/**
 * What an ONNX file tells about itself. Needs no ONNX Runtime.
 *
 * @param location - A path, or what one of `sources` serves.
 * @throws `TWIN_MODEL_UNREADABLE`; what the source throws, such as `TWIN_FILE_NOT_FOUND`.
 */
export async function describeOnnx(
  location: string,
  options: {
    readonly sources?: readonly Source[];
    readonly maxBytes?: number;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<OnnxFile & { readonly bytes: number; readonly digest: Digest }> {
  const { sources = [], maxBytes = MAX_BYTES, signal } = options;
  const { bytes, digest } = await readModelBytes(location, { sources, maxBytes, signal });
  return { ...readOnnxFile(bytes, location), bytes: bytes.length, digest };
}

/** The last part of a path or URL, without its ending. */
function nameOf(location: string): string {
  return basename(location.replace(/[?#].*$/, "")).replace(/\.onnx$/i, "") || "model";
}

export { ModelMismatchError, ModelNotAllowedError, ModelUnreadableError } from "./errors.ts";
export type { ExpectedModel } from "./expect.ts";
export type { OnnxFile } from "./onnx-file.ts";
export type { OnnxModel } from "./onnx-model.ts";
