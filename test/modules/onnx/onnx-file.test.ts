import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelUnreadableError } from "../../../modules/onnx/index.ts";
import { type OnnxFile, readOnnxFile } from "../../../modules/onnx/onnx-file.ts";
import { DAMAGES, damaged } from "../../fuzz/damage.ts";
import { seededRandom } from "../../fuzz/random.ts";
import { FIXTURES } from "./shared.ts";

const NAMES = ["dense", "dtypes", "slow", "external-branch"];

/** What a file tells; `undefined` where it is refused as it should be. */
function read(bytes: Uint8Array): OnnxFile | undefined {
  try {
    return readOnnxFile(bytes, "x.onnx");
  } catch (error) {
    if (error instanceof ModelUnreadableError) return undefined;
    throw error;
  }
}

describe("what an ONNX file tells", () => {
  it.each(NAMES)("%s: is told, or refused with the code, wherever the file ends", async (name) => {
    const bytes = await readFile(join(FIXTURES, `${name}.onnx`));
    const entries = (model: OnnxFile | undefined): number => Object.keys(model?.metadata ?? {}).length;
    const whole = entries(read(bytes));
    for (let length = 0; length < bytes.length; length++) {
      const model = read(bytes.subarray(0, length));
      // A cut between two entries at the end leaves a file, which lacks the later ones.
      expect(model === undefined || entries(model) < whole, `${length} of ${bytes.length} bytes`).toBe(true);
    }
  });

  it.each(NAMES)("%s: is told, or refused with the code, whatever is damaged", async (name) => {
    const bytes = await readFile(join(FIXTURES, `${name}.onnx`));
    const told = DAMAGES.flatMap((damage) =>
      Array.from({ length: 500 }, (_, seed) => read(damaged(bytes, damage, seededRandom(seed)))),
    );
    expect(told.filter((model) => model === undefined).length).toBeGreaterThan(500);
  });

  it("is refused when graphs lie in one another without end", () => {
    // A graph (field 7 of the model) of a node (1) with an attribute (5) that is a graph (6), and so on.
    let message = new Uint8Array();
    const wrap = (number: number): void => {
      const length = message.length;
      const head = [(number << 3) | 2, (length & 0x7f) | 0x80, (length >> 7) | 0];
      message = Uint8Array.from([...head, ...message]);
    };
    for (let depth = 0; depth < 500; depth++) for (const number of [6, 5, 1]) wrap(number);
    wrap(7);
    expect(() => readOnnxFile(message, "deep.onnx")).toThrow(/more than 100 levels deep/);
  });

  it("names free axes that have no name, each for itself", () => {
    // Model { graph { input { name: "x", type { tensor { float, shape [?, 4] } } }, output … "y" }, opset 17 }
    const field = (number: number, ...bytes: number[]): number[] => [(number << 3) | 2, bytes.length, ...bytes];
    const type = field(2, ...field(1, 0x08, 1, ...field(2, ...field(1), ...field(1, 0x08, 4))));
    const value = (name: string): number[] => [...field(1, ...Buffer.from(name)), ...type];
    const graph = field(7, ...field(11, ...value("x")), ...field(12, ...value("y")));
    const model = readOnnxFile(Uint8Array.from([...graph, ...field(8, 0x10, 17)]), "x.onnx");
    expect(model.inputs).toEqual({ x: { dtype: "float32", shape: ["x_0", 4] } });
    expect(model.outputs).toEqual({ y: { dtype: "float32", shape: ["y_0", 4] } });
  });
});
