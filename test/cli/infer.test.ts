import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTwin, dataset, NdArray, type Twin } from "../../core/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { servablesOf } from "../../modules/serving/index.ts";
import { startServer, type TestServer } from "../servers/inference-server.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const DENSE = fileURLToPath(new URL("../fixtures/onnx/dense.onnx", import.meta.url));
const ROWS = 23;

const plugins = { files: hdf5(), dense: onnx({ file: DENSE }) };
let folder: string;
let twin: Twin<typeof plugins>;
let server: TestServer;

const floats = (shape: readonly number[], of: (index: number) => number): NdArray<"float32"> => {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(
    Float32Array.from({ length: size }, (_, index) => of(index)),
    { dtype: "float32", shape },
  );
};
const x = floats([ROWS, 4], (index) => Math.sin(index));
const scale = floats([ROWS, 1], (index) => 1 + index);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-infer-"));
  twin = await createTwin({ plugins });
  server = await startServer(servablesOf(twin));
  const write = (name: string, variables: Readonly<Record<string, NdArray>>): Promise<void> =>
    twin.files.write(join(folder, name), dataset({ variables }));
  await write("in.h5", { x, scale });
  await write("flat.h5", { x, scale: new NdArray(scale.data, { dtype: "float32", shape: [ROWS] }) });
  await write("doubles.h5", { x, scale: new NdArray(scale.toFloat64(), { dtype: "float64", shape: [ROWS, 1] }) });
  await write("wide.h5", { x: floats([ROWS, 5], () => 1), scale });
  await write("short.h5", { x, scale: floats([ROWS - 1, 1], () => 1) });
  await write("none.h5", { x, scales: scale });
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await twin.stop();
  await rm(folder, { recursive: true });
});

const infer = (...more: readonly string[]): Promise<Outcome> =>
  runTwinloom(["infer", "--endpoint", server.endpoint, "--model", "dense", ...more], { cwd: folder });

describe("twinloom infer", () => {
  it("tells what the server has, where no model is named", async () => {
    const list = (...more: readonly string[]): Promise<Outcome> =>
      runTwinloom(["infer", "--endpoint", server.endpoint, ...more], { cwd: folder });
    const { code, stdout } = await list();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name +version +state\n.*\n?dense +1 +ready$/m);
    expect(JSON.parse((await list("--json")).stdout)).toEqual({
      models: [{ name: "dense", version: "1", isReady: true }],
    });
    expect(await list("--inputs", "in.h5", "--out", "out.h5")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--inputs needs --model"),
    });
  });

  it("tells what the model is, where there are no inputs", async () => {
    const { code, stdout } = await infer();
    expect(code).toBe(0);
    expect(stdout).toContain(`dense 1 (${twin.dense.digest})\n\ninputs\n`);
    expect(stdout).toMatch(/^x +float32 +batch × 4$/m);
    expect(stdout).toContain("author = Twinloom\n");
    // The file's description of a generator is long; all of it is in the JSON.
    expect(stdout).toMatch(/^twinloom\.generator = .{200}… \(\d+ characters; --json has them\)$/m);
    const json = JSON.parse((await infer("--json")).stdout);
    expect(json).toMatchObject({
      name: "dense",
      version: "1",
      digest: twin.dense.digest,
      inputs: { x: { shape: ["batch", 4] } },
    });
  });

  it.for(["in.h5", "flat.h5"])("has the rows of %s computed batch by batch, and writes what came", async (file) => {
    const out = `${file}.out.h5`;
    const { code, stdout, stderr } = await infer("--inputs", file, "--out", out, "--batch-size", "10");
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: `${out}: y, total of dense, ${ROWS} rows\n` });
    const expected = await twin.dense.infer({ x, scale });
    const opened = await twin.files.open(join(folder, out));
    for (const name of ["y", "total"]) {
      const read = await opened.variables[name]?.read();
      expect([name, read?.shape, read?.toFloat64()]).toEqual([
        name,
        expected[name]?.shape,
        expected[name]?.toFloat64(),
      ]);
    }
    expect(opened.attributes).toMatchObject({ model: "dense", model_digest: twin.dense.digest });
    await opened.close();
    expect((await infer("--inputs", file, "--out", out)).stderr).toContain("give --replace");
    expect(await infer("--inputs", file, "--out", out, "--replace")).toMatchObject({ code: 0 });
  });

  it.for<[string, RegExp]>([
    ["doubles.h5", /"scale": it must be float32 \[batch, 1\], and the variable is float64: nothing is converted/],
    ["wide.h5", /"x": it must be float32 \[batch, 4\], and the variable has the shape \[23, 5\]/],
    ["short.h5", /"scale": the variable has 22 rows, and "x" has 23/],
    ["none.h5", /"scale": the file has no such variable; it takes float32 \[batch, 1\].*Did you mean "scales"/],
  ])("refuses %s, saying what was expected", async ([file, message]) => {
    const { code, stderr } = await infer("--inputs", file, "--out", "none.nc");
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toContain("TWIN_MODEL_INPUT");
  });

  it("says in a line why a server does not answer", async () => {
    const { code, stdout, stderr } = await runTwinloom(
      ["infer", "--endpoint", "127.0.0.1:1", "--model", "dense", "--timeout-ms", "500"],
      { cwd: folder },
    );
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^127\.0\.0\.1:1: .*ECONNREFUSED/m);
    expect(stderr).toContain("in 500 ms (--timeout-ms)");
    expect(stderr).not.toMatch(/^\{/m);
  });

  it.for<[string, readonly string[], string]>([
    ["an address that is none", ["--endpoint", "localhost"], '--endpoint: "localhost" must be host:port'],
    ["an address twice", ["--endpoint", "a:1,a:1"], "--endpoint: It has an endpoint twice."],
    ["a scheme", ["--endpoint", "https://a:1"], "encryption is the option --tls."],
    ["a time that is too long", ["--endpoint", "a:1", "--timeout-ms", "1e12"], "It must be between 1 and 86400000."],
  ])("refuses %s as wrong usage", async ([, args, message]) => {
    const { code, stderr } = await runTwinloom(["infer", "--model", "dense", ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("refuses half of what it needs", async () => {
    expect(await infer("--inputs", "in.h5")).toMatchObject({ code: 2, stderr: expect.stringContaining("go together") });
    const key = await infer("--tls-key", "a.key");
    expect(key).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--tls-certificate and --tls-key go together"),
    });
    const format = await infer("--inputs", "in.h5", "--out", "out.txt");
    expect(format).toMatchObject({ code: 2, stderr: expect.stringContaining("does not end as a format") });
  });
});
