import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { mendDescriptors } from "../../modules/serving/protocol/descriptors.ts";
import { loadProtos } from "../../modules/serving/protocol/load-protos.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const script = fileURLToPath(new URL("protocol-peers.py", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** Name, number, type, label, name of the type. */
type Field = readonly [string, number, number, number, string];

interface Facts {
  readonly messages: Readonly<Record<string, readonly Field[]>>;
  readonly enums: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, readonly [boolean, boolean]>>;
}

describe.skipIf(!existsSync(python) && !isRequired)("our protos (needs scripts/python-venv.sh)", () => {
  let ours: Facts;
  let tritons: Facts;
  let isMap = false;
  beforeAll(async () => {
    const member = mendDescriptors((await loadProtos()).packageDefinition)["inference.ModelConfig"];
    const { fileDescriptorProtos } = member as unknown as { readonly fileDescriptorProtos: readonly Buffer[] };
    const printed = execFileSync(python, [script], { input: fileDescriptorProtos[0], maxBuffer: 64e6 });
    ({ ours, tritons, is_map: isMap } = JSON.parse(printed.toString()));
  });

  it("have descriptors that Python's protobuf takes, with maps as maps", () => {
    expect(isMap).toBe(true);
  });

  it("have each field as Triton has it, save the properties that are KServe's", () => {
    const strange = Object.entries(ours.messages).flatMap(([message, fields]) => {
      const theirs = new Set((tritons.messages[message] ?? []).map((field) => JSON.stringify(field)));
      return fields.filter((field) => !theirs.has(JSON.stringify(field))).map(([name]) => `${message}.${name}`);
    });
    expect(strange).toEqual([
      "ModelMetadataResponse.properties",
      "ModelMetadataResponse.PropertiesEntry.key",
      "ModelMetadataResponse.PropertiesEntry.value",
    ]);
  });

  it("have each call and each datatype as Triton has it", () => {
    expect(tritons.calls).toMatchObject(ours.calls);
    expect(tritons.enums).toMatchObject(ours.enums);
  });

  it("leave these calls out", () => {
    const missing = Object.keys(tritons.calls).filter((call) => !Object.hasOwn(ours.calls, call));
    expect(missing.map((call) => call.replace(/(Status|Register|Unregister)$/, ""))).toEqual([
      ...Array(3).fill("SystemSharedMemory"),
      ...Array(3).fill("CudaSharedMemory"),
      "TraceSetting",
      "LogSettings",
    ]);
  });
});
