import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSpec } from "../../../core/spec/read-spec.ts";

const TEXT = `twin: ecal-testbeam
plugins:
  files: { use: twinloom/modules/hdf5, cacheBytes: 64000000, secret: "\${env:PASSWORD}" }
  shower: &shower
    use: "some-package#shower"
    version: ^1.2
    wire: { generator: files, models: [files, shower] }
    file: !artifact { path: models/a.onnx, digest: "sha256:${"0".repeat(64)}" }
    seed: !bigint 18446744073709551615
    notes: |
      first
      second
  again: *shower
plans:
  first-light:
    simulate: { task: simulate, parameters: { seed: 7, energies: [1.5, .nan, -.inf] } }
`;

const noise = fc.constantFrom(
  ..."{}[],:#&*!|>'\"%@`-?~ \t\n\u0000\ud800<$".split(""),
  "!artifact ",
  "*shower",
  "<<: ",
  "---\n",
);
const edit = fc.record({ at: fc.nat(TEXT.length), cut: fc.nat(12), put: fc.oneof(noise, fc.string({ maxLength: 4 })) });

describe("a damaged twin.yaml", () => {
  it("is read, or told where it is wrong; it never throws anything else", () => {
    let wrong = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const damaged = edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), TEXT);
        const lines = damaged.split("\n").length;
        const { diagnostics, source } = readSpec(damaged, "/twin.yaml");
        for (const { code, line, column } of diagnostics) {
          expect(code).toMatch(/^TWIN_SPEC_/);
          expect(line >= 1 && line <= lines + 1 && column >= 1).toBe(true);
        }
        expect(source.locate(["plugins", "shower", "file"]).line).toBeGreaterThanOrEqual(1);
        wrong += diagnostics.length > 0 ? 1 : 0;
      }),
      { numRuns: 600, seed: 11 },
    );
    expect(wrong).toBeGreaterThan(200);
    expect(readSpec(TEXT, "/twin.yaml").diagnostics).toEqual([]);
  });

  it("is no trouble when it is no YAML at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(() => readSpec(text, "/twin.yaml")).not.toThrow();
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it.each([
    ["lists", `plugins: ${"[".repeat(50_000)}`],
    ["closed lists", `plugins: { a: { use: x, y: ${"[".repeat(2_000)}${"]".repeat(2_000)} } }`],
    ["lists that YAML can read", `plugins: { a: { use: x, y: ${"[".repeat(200)}${"]".repeat(200)} } }`],
    ["maps", Array.from({ length: 3_000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ])("is told to be nested too deeply: %s", (_, text) => {
    const { diagnostics } = readSpec(text, "/twin.yaml");
    expect(diagnostics.some(({ message }) => message.includes("nested too deeply"))).toBe(true);
    expect(diagnostics.length).toBeLessThanOrEqual(20);
  });
});
