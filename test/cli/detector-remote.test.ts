import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shareText } from "../../cli/remote-shower.ts";
import { createTwin, digestBytes, type NdArray, type Twin } from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { hdf5 } from "../../modules/hdf5/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { servablesOf } from "../../modules/serving/index.ts";
import { startServer, type TestServer } from "../servers/inference-server.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const MODEL = fileURLToPath(new URL("../fixtures/fastsim/w-si-45.onnx", import.meta.url));

const plugins = { files: hdf5(), network: onnx({ file: MODEL }), shower: fastsim() };
let folder: string;
let twin: Twin<typeof plugins>;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-remote-"));
  twin = await createTwin({ plugins });
  server = await startServer(servablesOf(twin));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await twin.stop();
  await rm(folder, { recursive: true });
});

const simulate = (...more: readonly string[]): Promise<Outcome> =>
  runTwinloom(["detector", "simulate", "-n", "30", "--seed", "7", "--energy-range-mev", "1000:20000", ...more], {
    cwd: folder,
  });

async function showersOf(file: string): Promise<string> {
  const opened = await twin.files.open(join(folder, file));
  const showers = await opened.variables["showers"]?.read();
  await opened.close();
  return digestBytes(new Uint8Array((showers as NdArray<"float32">).data.buffer));
}

describe("twinloom detector simulate --endpoint", () => {
  it.for(["made-up", "w-si-45"])(
    "makes the showers that are made here, as %s: whole, or by the network alone",
    async (model) => {
      const at = ["--endpoint", server.endpoint, "--model", model, "--outside", "fallback"];
      const here = await simulate("--model", MODEL, "--outside", "fallback", "--out", `${model}-here.h5`, "--json");
      const there = await simulate(...at, "--out", `${model}.h5`, "--batch-size", "8");
      expect([there.code, there.stderr]).toEqual([0, expect.any(String)]);
      const { fallbackShowers } = JSON.parse(here.stdout);
      expect(fallbackShowers).toBeGreaterThan(0);
      const what = `30 showers of made-up (${fallbackShowers} of them here, by gflash) in w-si-45, seed 7: ${model}.h5`;
      expect(there.stdout).toMatch(
        new RegExp(`^${what.replaceAll(/[()]/g, "\\$&")}\nmade by ${server.endpoint} \\(\\d+ requests\\)\n$`),
      );
      expect(await showersOf(`${model}.h5`)).toBe(await showersOf(`${model}-here.h5`));
    },
  );

  it("refuses what the servers' model was not trained for, unless told otherwise", async () => {
    const { code, stderr } = await simulate("--endpoint", server.endpoint, "--model", "made-up", "--out", "none.h5");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/outside its valid range of 2 to 50 GeV/)]);
  });

  it("leaves showers to the fallback when no server is there, and counts them", async () => {
    const nobody = ["--endpoint", "127.0.0.1:1", "--timeout-ms", "1000", "--model", "made-up"];
    const alone = await simulate(...nobody, "--out", "none.h5");
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining("TWIN_SERVER_UNREACHABLE")]);
    const { code, stdout, stderr } = await simulate(...nobody, "--fallback", "gflash", "--out", "spare.h5", "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ fallbackModel: "gflash", fallbackShowers: 30, computedHere: 0 },
      endpoints: [{ address: "127.0.0.1:1", answered: 0 }],
    });
    expect(stderr).toContain("no server answers");
    await simulate("--model", "gflash", "--out", "gflash.h5");
    expect(await showersOf("spare.h5")).toBe(await showersOf("gflash.h5"));
  });

  it("says who made what: no server that made nothing", async () => {
    const nobody = ["--endpoint", "127.0.0.1:1", "--timeout-ms", "1000", "--model", "made-up"];
    const inside = ["--energy-mev", "10000", "-n", "3", "--out", "own.h5"];
    const { stdout } = await runTwinloom(["detector", "simulate", ...inside, ...nobody, "--fallback", MODEL], {
      cwd: folder,
    });
    expect(stdout).toBe("3 showers of made-up (3 of them here, by made-up) in w-si-45, seed 1: own.h5\n");
    const status = { address: "gpu-1:8001", isGood: true, failed: 0 };
    const shares = {
      endpoints: [
        { ...status, answered: 12 },
        { ...status, answered: 0 },
      ],
      computedHere: 1,
    };
    expect(shareText(shares)).toBe("gpu-1:8001 (12 requests), here (1 request)");
  });

  it.for<[string, readonly string[], RegExp]>([
    ["a server without a model", ["--endpoint", "localhost:1"], /--endpoint needs --model/],
    ["a time for servers without one", ["--timeout-ms", "5"], /--timeout-ms is for servers: give --endpoint/],
    ["a server's name without one", ["--tls-server-name", "a"], /--tls-server-name is for servers/],
    ["options for servers without one", ["--token-env", "X"], /--token-env is for servers: give --endpoint/],
    ["a fallback without a server", ["--fallback", "gflash"], /--fallback is for servers/],
    [
      "threads of a server",
      ["--endpoint", "localhost:1", "--model", "a", "--threads", "2"],
      /servers say so themselves/,
    ],
    [
      "a fallback that there is not",
      ["--endpoint", "localhost:1", "--model", "mine", "--fallback", "local"],
      /--fallback local \(mine\): there is no such model/,
    ],
  ])("refuses %s", async ([, args, message]) => {
    const { code, stderr } = await simulate(...args, "--out", "none.h5");
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it("takes no formula for a network", async () => {
    const options = ["--endpoint", server.endpoint, "--model", "w-si-45", "--fallback", "gflash"];
    expect(await simulate(...options, "--out", "none.h5")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('compute the network "w-si-45" alone, and gflash is none'),
    });
  });
});
