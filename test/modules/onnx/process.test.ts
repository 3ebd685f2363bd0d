import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("./runtime-process.ts", import.meta.url));

function run(...args: readonly string[]): Promise<{ code: number | null; signal: string | null; stdout: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof run>>>();
  const program = ["--conditions=@twinloom/source", PROGRAM, ...args];
  const child = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.on("error", reject);
  child.on("close", (code, signal) => resolve({ code, signal, stdout }));
  return promise;
}

// Processes of their own, which are slow to start where the machine is busy.
describe("a process that uses ONNX Runtime", { timeout: 300_000 }, () => {
  // Without the gate (modules/onnx/worker/protocol.ts) this is signal SIGABRT: "terminate called after throwing …".
  it("ends with its own exit code when it is ended while a model computes", async () => {
    expect(await run("exit")).toEqual({ code: 7, signal: null, stdout: "" });
  });

  // microsoft/onnxruntime#24486: with onnxruntime-node 1.21 the second thread took the process down.
  it("may load models in several of its threads", async () => {
    expect(await run("threads")).toEqual({ code: 0, signal: null, stdout: "[0,0,0]\n" });
  });

  it.for(["dense", "dtypes", "slow", "reshape"])(
    "survives 300 damaged copies of %s, each with a code",
    async (model) => {
      const { code, signal, stdout } = await run("damaged", model, "0", "300");
      expect({ code, signal }).toEqual({ code: 0, signal: null });
      const outcomes = JSON.parse(stdout) as Record<string, number>;
      const {
        computed = 0,
        TWIN_MODEL_UNREADABLE: unreadable = 0,
        TWIN_MODEL_FAILED: failed = 0,
        ...others
      } = outcomes;
      expect(others).toEqual({});
      expect(computed + unreadable + failed).toBe(300);
      expect(unreadable).toBeGreaterThan(200);
    },
  );
});
