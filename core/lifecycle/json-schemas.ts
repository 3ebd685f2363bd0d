import { z } from "zod";
import { PolicySchema } from "./log/policy.ts";
import { AttestationSchema, EventSchema, ManifestSchema, VersionConfigSchema } from "./schema.ts";

const SCHEMAS = {
  "version.schema.json": { schema: VersionConfigSchema, title: "Config of a sealed twin version" },
  "manifest.schema.json": { schema: ManifestSchema, title: "Manifest of a version or an attestation" },
  "attestation.schema.json": { schema: AttestationSchema, title: "Statement of an attestation" },
  "event.schema.json": { schema: EventSchema, title: "Event of a twin's log" },
  "policy.schema.json": { schema: PolicySchema, title: "Policy: the fidelity gate of a twin" },
} as const;

/**
 * JSON Schemas (draft 2020-12) of what a store holds, and of policies, by the file names under which the package has them in `schemas/`.
 * They say what is in the types; that bytes are canonical, that digests fit and that layers are complete is checked beside.
 */
export function lifecycleJsonSchemas(): Readonly<Record<keyof typeof SCHEMAS, Readonly<Record<string, unknown>>>> {
  const entries = Object.entries(SCHEMAS).map(([file, { schema, title }]) => {
    const { $schema, ...body } = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
    return [file, { $schema, title, ...body }];
  });
  return Object.fromEntries(entries) as ReturnType<typeof lifecycleJsonSchemas>;
}
