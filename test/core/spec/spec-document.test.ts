// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like that.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifact, constant, digestJson, env, loadSpec, specDocument } from "../../../core/index.ts";
import { Echo, echo, Folder, importTestPlugin } from "./plugins.ts";

describe("specDocument", () => {
  let folders: readonly [Folder, Folder];
  beforeAll(async () => {
    folders = [await Folder.make(), await Folder.make()];
  });
  afterAll(async () => {
    for (const folder of folders) await folder.remove();
  });

  it("is plain JSON that can be digested", () => {
    const circle: Record<string, unknown> = {};
    circle["around"] = circle;
    const digest = `sha256:${"0".repeat(64)}`;
    const composition = {
      name: "t",
      plugins: {
        a: echo({
          ...{
            password: env("P"),
            plain: "${env:P}",
            file: artifact("m/a.onnx"),
            pinned: artifact("m/b.onnx", { digest }),
          },
          ...{
            big: 2n ** 64n,
            infinite: Number.POSITIVE_INFINITY,
            nothing: undefined,
            when: new Date(0),
            call: () => 1,
            circle,
          },
        }),
        fake: constant(Echo, { options: {} }),
      },
      wire: { a: {} },
      plans: { p: { s: { task: "t" } } },
    };
    expect(specDocument(composition)).toEqual({
      twin: "t",
      plugins: {
        a: {
          use: "test-plugins/echo",
          options: {
            password: { secret: "${env:P}" },
            plain: "${env:P}",
            file: { artifact: { path: "m/a.onnx" } },
            pinned: { artifact: { digest } },
            big: { bigint: "18446744073709551616" },
            infinite: { number: "Infinity" },
            when: { kind: "Date" },
            call: { kind: "function" },
            circle: { around: { kind: "cycle" } },
          },
        },
        fake: { use: "twinloom#constant", options: {} },
      },
      wire: { a: {} },
      plans: { p: { s: { task: "t" } } },
    });
    expect(digestJson(specDocument(composition))).toMatch(/^sha256:/);
  });

  it("is the same in whatever folder the spec lies", async () => {
    const text = "plugins: { a: { use: test-plugins/echo, file: !artifact models/x.onnx } }";
    const documents = folders.map(async (folder) =>
      specDocument(await loadSpec(await folder.write("twin.yaml", text), { importPlugin: importTestPlugin })),
    );
    const [first, second] = await Promise.all(documents);
    expect(second).toEqual(first);
    expect(JSON.stringify(first)).toContain('"models/x.onnx"');
  });
});
