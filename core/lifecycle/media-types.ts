/**
 * Media types of what a store holds. Versions and attestations are OCI image manifests (v1.1), so that registry tools can
 * copy them; what they are is their `artifactType`.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export const MEDIA_TYPES = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  /** `{}`, the config of manifests that need none. */
  ociEmpty: "application/vnd.oci.empty.v1+json",
  /** artifactType of a version, and media type of its config. */
  version: "application/vnd.twinloom.version.v1+json",
  /** artifactType of an attestation; its one layer is the statement. */
  attestation: "application/vnd.twinloom.attestation.v1+json",
  /** A twin.yaml whose files are named by digest. */
  spec: "application/vnd.twinloom.spec.v1+yaml",
  /** A policy: a fidelity gate. */
  policy: "application/vnd.twinloom.policy.v1+yaml",
  /** What `git diff --binary HEAD` says. */
  diff: "text/x-diff",
  /** A lock file of packages, as it is. */
  lock: "application/vnd.twinloom.lock",
  /** A run record. */
  run: "application/vnd.twinloom.run.v1+json",
  /** A source file of a plugin that lies beside the twin.yaml. */
  source: "text/plain",
  /** A network. */
  onnx: "application/vnd.onnx",
  /** What is known of a network; `X.card.json` beside `X.onnx`. */
  card: "application/json",
  /** Any other file. */
  file: "application/octet-stream",
} as const;
