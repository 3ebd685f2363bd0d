import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { FileObjects, loadSpec, openStore, sealVersion } from "../../core/index.ts";
import type { BenchRow } from "./row.ts";
import { ratioRow } from "./zarr.ts";

const MEGABYTES = 200;
/** Each program has its turn so often. */
const ROUNDS = 5;
/** Rounds before, which do not count: they compile the code and bring the file into memory. */
const WARM_UP = 1;

/**
 * Sealing a twin with a model of 200 MB, and keeping the model alone: read once, hashed, copied and made durable, against the
 * two programs that do half of it each: `sha256sum`, and `cp` with `sync`. The bar of the project is that sealing takes 1.3
 * times the slower of the two.
 */
export async function lifecycleBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  try {
    const model = join(folder, "model.bin");
    execFileSync("dd", ["if=/dev/urandom", `of=${model}`, "bs=1M", `count=${MEGABYTES}`], { stdio: "ignore" });
    await writeFile(
      join(folder, "twin.yaml"),
      "twin: large\nplugins:\n  model: { use: twinloom/modules/onnx, file: !artifact model.bin }\n",
    );
    const sealed: number[] = [];
    const [ours, hashed, copied, slower]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      const copy = join(folder, "copy.bin");
      const byHash = timed(() => execFileSync("sha256sum", [model]));
      const byCopy = timed(() => execFileSync("sh", ["-c", `cp "${model}" "${copy}" && sync "${copy}"`]));
      await rm(copy);
      const stored = await store(folder, model);
      const bySeal = await seal(folder);
      if (round < 0) continue;
      sealed.push(bySeal);
      ours.push(stored);
      hashed.push(byHash);
      copied.push(byCopy);
      slower.push(Math.max(byHash, byCopy));
    }
    return [
      {
        ...ratioRow("seal with 200 MB", sealed, slower),
        note: "against the slower of sha256sum and cp + sync; bar: 1.3",
      },
      { ...ratioRow("keep 200 MB", ours, slower), note: "against the slower of sha256sum and cp + sync" },
      { ...ratioRow("keep 200 MB, against sha256sum", ours, hashed), note: "which does not write" },
      { ...ratioRow("keep 200 MB, against cp + sync", ours, copied), note: "which does not hash" },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function store(folder: string, model: string): Promise<number> {
  const objects = new FileObjects(join(folder, "store"));
  const start = performance.now();
  await objects.putFile(model);
  await objects.flush();
  const elapsed = performance.now() - start;
  await rm(join(folder, "store"), { recursive: true });
  return elapsed;
}

async function seal(folder: string): Promise<number> {
  const start = performance.now();
  const store = await openStore(join(folder, "versions"), { create: true });
  await sealVersion(store, await loadSpec(join(folder, "twin.yaml")));
  await store.close();
  const elapsed = performance.now() - start;
  await rm(join(folder, "versions"), { recursive: true });
  return elapsed;
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
