/** Name of the spec in the folder of a restored version. */
export const SPEC_FILE = "twin.yaml";
/** The file that a restored version leaves beside its twin.yaml: the digest of its manifest. */
export const MARKER = ".twinloom-version";
