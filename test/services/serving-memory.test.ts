import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const isLong = process.env["TWINLOOM_LONG"] === "1";
const REQUESTS = isLong ? 100_000 : 1000;

interface Result {
  readonly requests: number;
  readonly errors: number;
  readonly repeated: number;
  readonly server: { readonly spread: number };
}

it(`${REQUESTS} requests, 64 at a time: every one is answered${isLong ? ", and the server's memory stays flat" : ""}`, async () => {
  const script = ["--conditions=@twinloom/source", here("../bench/serving-memory.ts"), `${REQUESTS}`];
  const { stdout } = await promisify(execFile)(process.execPath, script);
  const result = JSON.parse(stdout) as Result;
  expect(result).toMatchObject({ requests: REQUESTS, errors: 0, repeated: 0 });
  if (!isLong) return;
  const measured = {
    date: new Date().toISOString().slice(0, 10),
    command: "npm run test:long -- test/services/serving-memory.test.ts",
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    result,
  };
  const file = here("../../docs/measurements/serving-long.json");
  await writeFile(file, `${JSON.stringify(measured, undefined, 1)}\n`);
  expect(result.server.spread).toBeLessThanOrEqual(0.05);
}, 3_600_000);
