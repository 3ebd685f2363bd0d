import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BatchFolder, digestBytes, readCollection } from "../../core/index.ts";
import { slurmMissing } from "../servers/slurm.ts";
import { realCluster } from "./batch/cluster.ts";
import { SUBMIT } from "./batch/sample.ts";
import type { SizeOrder, SizeReport } from "./batch/size-client.ts";
import { SMALLEST, writeSmallest } from "./batch/smallest.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const RUNS = IS_LONG ? 10_000 : 60;
const PACKING = 20;
const CLIENT = fileURLToPath(new URL("batch/size-client.ts", import.meta.url));
const missing = slurmMissing();

let root: string;

vi.setConfig({ testTimeout: 90 * 60_000, hookTimeout: 60_000 });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "twinloom-size-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.skipIf(missing !== undefined)(`a large batch on Slurm${missing === undefined ? "" : ` (${missing})`}`, () => {
  it(`is one array: ${RUNS} task runs, ${PACKING} in an element, have one result each, and checksums`, async () => {
    await using cluster = await realCluster();
    const folder = join(root, "batch");
    const order: SizeOrder = {
      twin: await writeSmallest(join(root, "twin")),
      folder,
      runs: RUNS,
      slurm: { timeoutMs: 60_000, pollMs: 500 },
      submit: { ...SUBMIT, packing: { [SMALLEST]: PACKING } },
    };
    const loadBefore = loadavg()[0];
    const report = await clientOf(order, cluster.env);

    // Each call of sbatch that was accepted is in the ledger.
    const arrays = [...(await cluster.arrays())];
    expect(arrays.map(([, ids]) => ids.length)).toEqual([1]);
    const batch = await BatchFolder.open(folder);
    const [token] = await batch.submissions();
    expect(token).toBe(arrays[0]?.[0]);
    expect((await readdir(join(folder, "tokens", token as string))).length).toBe(RUNS / PACKING);

    // By what is in the folder, not by what the client says: a file for each run, a single attempt, and that is it.
    const names = await readdir(batch.paths.acceptedOf(SMALLEST));
    expect(names.length).toBe(RUNS);
    expect(new Set(names)).toEqual(new Set(Array.from({ length: RUNS }, (_, run) => `${run}.json`)));
    const collection = await readCollection(folder);
    const collected = collection.stages[0]?.runs ?? [];
    expect(collected.length).toBe(RUNS);
    for (let run = 0; run < RUNS; run++) {
      const id = { stage: SMALLEST, run };
      const {
        record,
        attempt,
        folder: own,
      } = (await batch.readAccepted(id)) as NonNullable<Awaited<ReturnType<BatchFolder["readAccepted"]>>>;
      expect(await readdir(batch.paths.attempts(id))).toEqual([`${token}-0`]);
      const bytes = await readFile(join(own, "number.json"));
      expect(bytes.toString()).toBe(String(2 * run));
      const { fileDigest } = record.steps[SMALLEST]?.outputs["number"] ?? {};
      expect(fileDigest).toBe(digestBytes(bytes));
      expect(collected[run]).toMatchObject({
        ...{ run, state: "succeeded", attempt: 1 },
        accepted: { folder: attempt, record: record.digest, outputs: { number: { fileDigest } } },
      });
    }
    expect(report.problems).toEqual([]);
    if (IS_LONG) await keep({ loadBefore, loadAfter: loadavg()[0], ...report });
  });
});

async function clientOf(order: SizeOrder, env: Readonly<Record<string, string>>): Promise<SizeReport> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@twinloom/source", CLIENT, JSON.stringify(order)],
    { env: { ...process.env, ...SUBMIT.environment, ...env }, maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout) as SizeReport;
}

/** Writes down what was measured. */
async function keep(figures: object): Promise<void> {
  const file = new URL("../../docs/measurements/batch-size.json", import.meta.url);
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const command = "npm run test:long -- test/services/batch-size.test.ts";
  const all = { date, machine, command, taskRuns: RUNS, packing: PACKING, arrays: 1, acceptedOnce: RUNS, ...figures };
  await writeFile(file, `${JSON.stringify(all, undefined, 2)}\n`);
}
