import { relative, resolve, sep } from "node:path";
import { inspect } from "node:util";
import { z } from "zod";
import { type Digest, digestFile } from "../canonical/digest.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { ArtifactChangedError } from "./errors.ts";

const BRAND: unique symbol = Symbol.for("twinloom/artifact");
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** How {@link artifact} finds a file. */
export interface ArtifactOptions {
  /** SHA-256 of the file's bytes, `sha256:` and 64 hexadecimal digits; checked when the file is used. */
  readonly digest?: string;
  /** Folder that a relative path starts at; the working directory by default. */
  readonly base?: string;
}

/** A file that a composition depends on, such as the weights of a model. */
export class Artifact {
  readonly [BRAND]: true = true;
  /** Absolute path. */
  readonly file: string;
  /** SHA-256 of its bytes, where the composition states it. */
  declare readonly digest?: Digest;

  /** @throws `TWIN_INVALID_ARGUMENT` for an empty path, or a digest of another form. */
  constructor(path: string, options: ArtifactOptions = {}) {
    if (typeof path !== "string" || path === "")
      throw new InvalidArgumentError("An artifact needs the path of a file.");
    this.file = resolve(options.base ?? ".", path);
    if (options.digest === undefined) return;
    if (!DIGEST.test(options.digest)) {
      throw new InvalidArgumentError(
        `The digest of artifact "${path}" must be "sha256:" and 64 lower-case hexadecimal digits.`,
      );
    }
    this.digest = options.digest as Digest;
  }

  /**
   * The file's path, after its digest was checked where the composition states one.
   *
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`; `TWIN_ARTIFACT_CHANGED` when the digest is another one.
   */
  async verified(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const found = await digestFile(this.file, options).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw new FileNotFoundError(this.file, { cause: error });
      if (error.code === undefined) throw error;
      throw new FileUnreadableError(this.file, error.message, { cause: error });
    });
    if (this.digest !== undefined && found.digest !== this.digest) {
      throw new ArtifactChangedError(this.file, this.digest, found.digest);
    }
    return this.file;
  }

  /** The path from a folder, with forward slashes: what a twin.yaml in that folder holds. */
  pathFrom(folder: string): string {
    return relative(folder, this.file).split(sep).join("/") || ".";
  }

  /** What `console.log` shows. */
  [inspect.custom](): string {
    return `artifact(${JSON.stringify(this.file)})`;
  }
}

/** Names a file that a composition depends on. In a twin.yaml: `!artifact models/shower.onnx`, relative to that file. */
export function artifact(path: string, options: ArtifactOptions = {}): Artifact {
  return new Artifact(path, options);
}

/** Whether a value is an artifact. */
export function isArtifact(value: unknown): value is Artifact {
  return typeof value === "object" && value !== null && BRAND in value;
}

/**
 * The type of a plugin's option that is an {@link Artifact}.
 *
 * @example
 * options: z.object({ file: artifactOption().describe("The network, ONNX") })
 */
export function artifactOption(): z.ZodType<Artifact, Artifact> {
  return z
    .custom<Artifact>(isArtifact, {
      error: 'It must name a file: artifact("path") in code, !artifact path in a twin.yaml.',
    })
    .meta({
      anyOf: [
        { type: "string", minLength: 1 },
        {
          type: "object",
          properties: { path: { type: "string", minLength: 1 }, digest: { type: "string", pattern: DIGEST.source } },
          required: ["path"],
          additionalProperties: false,
        },
      ],
    });
}
