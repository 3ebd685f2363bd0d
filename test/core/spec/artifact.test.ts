import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Artifact, artifact, artifactOption } from "../../../core/index.ts";
import { Folder } from "./plugins.ts";

describe("an artifact", () => {
  let folder: Folder;
  let file: string;
  const digest = `sha256:${createHash("sha256").update("weights").digest("hex")}`;
  beforeAll(async () => {
    folder = await Folder.make();
    file = await folder.write("models/shower.onnx", "weights");
  });
  afterAll(() => folder.remove());

  it("is found from the working directory, or from a folder that is given", () => {
    expect(artifact("models/a.onnx").file).toBe(resolve("models/a.onnx"));
    expect(artifact("models/a.onnx", { base: "/data" }).file).toBe("/data/models/a.onnx");
    expect(artifact("/abs/a.onnx", { base: "/data" }).pathFrom("/data")).toBe("../abs/a.onnx");
  });

  it("gives its path when the digest is the one stated, or none is", async () => {
    await expect(artifact(file, { digest }).verified()).resolves.toBe(file);
    await expect(artifact(file).verified()).resolves.toBe(file);
  });

  it("refuses another file than the one stated, and one that is not there", async () => {
    const other = `sha256:${"0".repeat(64)}`;
    await expect(artifact(file, { digest: other }).verified()).rejects.toMatchObject({
      code: "TWIN_ARTIFACT_CHANGED",
      message: expect.stringContaining(`its digest is ${digest}, expected ${other}`),
    });
    await expect(artifact(`${file}.gone`).verified()).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(artifact(folder.path).verified()).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
  });

  it("can be called off while it is read", async () => {
    const reason = new Error("enough");
    await expect(artifact(file).verified({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it.each(["", "md5:1", `sha256:${"A".repeat(64)}`])("refuses the digest %j", (wrong) => {
    expect(() => artifact("a", { digest: wrong })).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
  });

  it("is told from a plain text by its option type", () => {
    expect(artifactOption().safeParse("models/a.onnx").success).toBe(false);
    expect(artifactOption().safeParse(artifact("a") satisfies Artifact).success).toBe(true);
  });
});
