import { z } from "zod";
import { DigestSchema } from "../canonical/digest-schema.ts";
import { anyCase, FILE_PATH } from "../files/file-path.ts";
import { MEDIA_TYPES } from "./media-types.ts";

/** Which object, how long, and what it is. @see OCI image-spec, descriptor.md */
export const DescriptorSchema = z.strictObject({
  mediaType: z.string().min(1).describe("What the bytes are."),
  digest: DigestSchema.describe("SHA-256 of the bytes."),
  size: z.number().int().min(0).describe("Length [bytes]."),
  artifactType: z.string().optional().describe("Of a manifest: what kind."),
  annotations: z.record(z.string(), z.string()).optional().describe("More, as texts."),
});
/** Which object, how long, and what it is. */
export type Descriptor = z.output<typeof DescriptorSchema>;

// Packages are no files of a version: they are linked to where it is restored.
const VERSION_PATH = new RegExp(`^(?!(?:[^/]+/)*${anyCase("node_modules")}(?:/|$))${FILE_PATH.source.slice(1)}`, "u");

/** Whether a relative path can be one of a version's files. */
export function isVersionPath(path: string): boolean {
  return VERSION_PATH.test(path);
}

/**
 * A package URL of npm, as `packageUrl` writes it: a name that npm allows (of old packages, also capitals) and a semantic
 * version. Nothing else is linked, or put into a command that people copy.
 *
 * @see https://github.com/package-url/purl-spec and https://semver.org
 */
export const PACKAGE_URL: RegExp =
  /^pkg:npm\/((?:%40[a-zA-Z0-9-][a-zA-Z0-9._~-]*\/)?[a-zA-Z0-9-][a-zA-Z0-9._~-]*)@([0-9]+\.[0-9]+\.[0-9]+(?:-[a-zA-Z0-9.-]+)?(?:%2B[a-zA-Z0-9.-]+)?)$/u;

/** A file of a version: where it lies beside the twin.yaml when the version is restored, and its bytes. */
const FileSchema = z.strictObject({
  path: z
    .string()
    .regex(VERSION_PATH, {
      error: "It must name a file below the folder on every system, outside of .git and node_modules.",
    })
    .describe("Path below the folder of the restored twin.yaml, with forward slashes."),
  descriptor: DescriptorSchema,
});

const RELATIONS = ["revision", "derivation", "calibrationOf", "mergeOf"] as const;

/**
 * What a version is made of: the config of its manifest. Holds no clock, no author and no path of a machine, so that equal
 * content has an equal digest.
 */
export const VersionConfigSchema = z.strictObject({
  schemaVersion: z.literal(1),
  twin: z.string().min(1).describe("Name of the twin."),
  spec: DescriptorSchema.describe("The twin.yaml; its files are named by path and digest."),
  code: z
    .strictObject({
      files: z.array(FileSchema).describe("Plugins that lie beside the twin.yaml, and what they import from there."),
      vcs: z
        .strictObject({
          commit: z.string().describe("Commit of git that was checked out."),
          dirty: z.boolean().describe("Whether tracked files differed from it."),
          diff: DescriptorSchema.optional().describe("How, where they did."),
        })
        .optional(),
    })
    .describe("The code that is no package."),
  data: z
    .array(FileSchema.extend({ role: z.enum(["input", "calibration", "observation", "reference", "option"]) }))
    .describe("Files that the twin reads and that are no model."),
  models: z
    .array(
      FileSchema.extend({
        part: z.string().describe("Part of the twin that has it."),
        metrics: z.record(z.string(), z.number()).optional().describe("From the model's card."),
        card: FileSchema.optional(),
      }),
    )
    .describe("Trained models."),
  environment: z.strictObject({
    engine: z.string().describe("Version of Twinloom."),
    node: z.string().describe("Version of Node.js, major and minor."),
    lock: DescriptorSchema.optional().describe("Lock file of the packages."),
    packages: z
      .array(
        z.strictObject({
          purl: z
            .string()
            .regex(PACKAGE_URL, { error: "It must be a package URL of npm: pkg:npm/%40acme/readout@1.2.0." })
            .describe("Package URL: pkg:npm/zod@4.1.0."),
          integrity: z.string().optional().describe("As the lock file has it."),
          part: z.string().optional().describe("Part of the twin whose plugin it brings."),
        }),
      )
      .describe("Packages that bring plugins, and the engine's own."),
  }),
  validation: z
    .strictObject({ policy: DescriptorSchema.optional().describe("The fidelity gate that this version must pass.") })
    .optional(),
  parents: z
    .array(z.strictObject({ digest: DigestSchema, relation: z.enum(RELATIONS) }))
    .describe("Versions that this one came from."),
  annotations: z.record(z.string(), z.string()).describe("More, as texts: licence (SPDX), description."),
});
/** What a version is made of. */
export type VersionConfig = z.output<typeof VersionConfigSchema>;

/** The manifest of a version or an attestation. @see OCI image-spec v1.1, manifest.md */
export const ManifestSchema = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPES.ociManifest),
  artifactType: z.enum([MEDIA_TYPES.version, MEDIA_TYPES.attestation]),
  config: DescriptorSchema,
  layers: z.array(DescriptorSchema).min(1),
  subject: DescriptorSchema.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
/** The manifest of a version or an attestation. */
export type Manifest = z.output<typeof ManifestSchema>;

/** How far the evidence of a version goes. */
export const STATES = ["sealed", "validated", "released", "deprecated", "withdrawn"] as const;
/** How far the evidence of a version goes: one of {@link STATES}. */
export type VersionState = (typeof STATES)[number];

/** Evidence about a version, apart from it: the statement of an attestation. In the manner of in-toto statements. */
export const AttestationSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.enum(["validation", "reproduction", "audit", "waiver"]),
  subject: DigestSchema.describe("Manifest of the version."),
  verdict: z.enum(["passed", "failed"]),
  /** Numbers that a policy asks for, by name: `S.layer_energy`, `auc.high`. */
  metrics: z.record(z.string(), z.number()),
  /** What was measured against what, in full: evidence JSON, a reproduction report, the reason of a waiver. */
  statement: z.json(),
});
/** Evidence about a version, apart from it. */
export type Attestation = z.output<typeof AttestationSchema>;

/** One entry of a twin's log. */
export const EventSchema = z.strictObject({
  schemaVersion: z.literal(1),
  twin: z.string(),
  /** 1, 2, 3… without a gap. */
  sequence: z.number().int().min(1),
  /** Digest of the text of the event before; `null` for the first. */
  previous: DigestSchema.nullable(),
  /** SHA-256 of the canonical text of the other members: the newest event has no successor that vouches for it. */
  checksum: DigestSchema,
  at: z.iso.datetime().describe("When, UTC, by the clock of the machine that wrote it."),
  actor: z.string().describe("Who: user@host unless told otherwise."),
  reason: z.string().nullable(),
  change: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("sealed"), version: DescriptorSchema, number: z.number().int().min(1) }),
    z.strictObject({
      type: z.literal("aliasMoved"),
      alias: z.string(),
      from: DigestSchema.nullable(),
      to: DigestSchema.nullable().describe("`null`: the alias is taken away."),
      isRollback: z.literal(true).optional().describe("It went back to where it had been."),
    }),
    z.strictObject({
      type: z.literal("stateChanged"),
      version: DigestSchema,
      from: z.enum(STATES),
      to: z.enum(STATES),
      evidence: z.array(DigestSchema).describe("Manifests of the attestations that allowed it."),
      policies: z.array(DescriptorSchema).describe("Policies that it satisfied."),
    }),
    z.strictObject({
      type: z.literal("attested"),
      version: DigestSchema,
      attestation: DescriptorSchema,
      kind: AttestationSchema.shape.kind,
      verdict: AttestationSchema.shape.verdict,
    }),
    z.strictObject({ type: z.literal("ran"), version: DigestSchema, run: DescriptorSchema, id: z.string() }),
    z.strictObject({ type: z.literal("commented"), version: DigestSchema, text: z.string() }),
  ]),
});
/** One entry of a twin's log. */
export type Event = z.output<typeof EventSchema>;
/** What an event says has changed. */
export type Change = Event["change"];
