import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTwin } from "twinloom";
import {
  fastsim,
  modelCardJsonSchema,
  modelWithCard,
  readModelCard,
  SHIPPED_MODELS,
  shippedModel,
  shippedModelCard,
} from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixture } from "./sample.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fastsim-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts toy.onnx and a card of it into the folder. */
function place(change: object = {}): string {
  const file = join(folder, "toy.onnx");
  copyFileSync(fixture("toy.onnx"), file);
  const bytes = readFileSync(file);
  const card = {
    ...{
      schema: "twinloom.model-card/1",
      name: "toy",
      family: "gan",
      description: "A toy.",
      reference: "none",
      seed: 1,
    },
    model: { file: "toy.onnx", sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length },
    validity: {
      conditions: { incident_energy: { unit: "MeV", min: 1000, max: 100_000 } },
      ...{ particle: "electron", geometry: "toy-3", held_out: "nothing" },
    },
    data: { files: [], validation: "10 %" },
    ...{ config: {}, training: [], onnx: {}, speed: {}, metrics: [], made: {} },
    ...change,
  };
  writeFileSync(join(folder, "toy.card.json"), JSON.stringify(card));
  return file;
}

describe("a model with a card", () => {
  it("is an artifact with the digest of the card, checked when it is loaded", async () => {
    const file = place();
    const artifact = modelWithCard(file);
    await using twin = await createTwin({ plugins: { network: onnx({ file: artifact }), shower: fastsim() } });
    expect(twin.network.digest).toBe(artifact.digest);
    expect(readModelCard(join(folder, "toy.card.json")).data).toMatchObject({ validation: "10 %" });
    copyFileSync(fixture("broken.onnx"), file);
    await expect(createTwin({ plugins: { network: onnx({ file: artifact }) } })).rejects.toMatchObject({
      code: "TWIN_ARTIFACT_CHANGED",
    });
  });

  it.for<[string, object | string | undefined, RegExp]>([
    ["no card", undefined, /Cannot read the model card .*toy\.card\.json/],
    ["a card that is no JSON", "{", /Cannot read the model card/],
    ["a card without digest", { model: { file: "toy.onnx", bytes: 3 } }, /model\.sha256: Missing/],
    [
      "a digest in another form",
      { model: { file: "toy.onnx", bytes: 3, sha256: "sha256:00" } },
      /model\.sha256: .*64 lower-case/,
    ],
  ])("with %s is refused", ([, card, message]) => {
    const file = place(typeof card === "object" ? card : {});
    if (card === undefined) rmSync(join(folder, "toy.card.json"));
    if (typeof card === "string") writeFileSync(join(folder, "toy.card.json"), card);
    expect(() => modelWithCard(file)).toThrow(
      expect.objectContaining({ code: "TWIN_SHIPPED_MODEL", message: expect.stringMatching(message) }),
    );
  });

  it("has a JSON Schema", () => {
    expect(modelCardJsonSchema()).toMatchObject({
      properties: { schema: { const: "twinloom.model-card/1" } },
      required: expect.arrayContaining(["model", "validity", "metrics"]),
    });
  });
});

describe("shipped models", () => {
  it("are known by name", () => {
    expect(() => shippedModel("gna")).toThrow(
      expect.objectContaining({
        code: "TWIN_SHIPPED_MODEL",
        message: expect.stringMatching(/no model "gna".*gan, transformer/),
      }),
    );
  });

  it.for(SHIPPED_MODELS)("%s is the file that its card is about", (name) => {
    const { file, digest } = shippedModel(name);
    const { model } = shippedModelCard(name);
    const bytes = readFileSync(file);
    expect(digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    expect(model).toMatchObject({ file: `${name}.onnx`, bytes: bytes.length });
  });
});
