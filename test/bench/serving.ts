import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createTwin, type Generator } from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { remoteGenerator } from "../../modules/serving/index.ts";
import { startServe } from "../servers/twinloom-serve.ts";
import { BareGrpc } from "./bare-grpc.ts";
import type { BenchRow } from "./row.ts";
import { GAN, SERVED_TWIN } from "./served-twin.ts";
import { spentBetween, threadTimes } from "./thread-times.ts";

/** Each way has its turn so often, in an order that changes; rounds before do not count. */
const ROUNDS = 9;
const WARM_UP = 2;
const BATCHES = 20;
const BATCH_SIZE = 100;
const SINGLES = 2000;
const SINGLES_IN_TURN = 50;
const SINGLES_BEFORE = 10_000;
const CLIENTS_OF_WARM_UP = 20;
const CLIENTS = 64;
const SHOWERS_OF_CLIENTS = 1024;

/**
 * The shipped GAN from a server on this machine, beside the same generator in the process that asks, whose turn comes while
 * the server has nothing to do. One ONNX Runtime thread each; the server's settings are its defaults for every row.
 */
export async function servingBench(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-bench-"));
  try {
    await writeFile(join(folder, "twin.yaml"), SERVED_TWIN);
    await using server = await startServe([join(folder, "twin.yaml")]);
    const endpoints = [server.endpoint];
    await using twin = await createTwin({
      plugins: {
        network: onnx({ file: GAN, threads: 1 }),
        local: fastsim(),
        sparse: remoteGenerator({ endpoints, model: "gan" }),
        dense: remoteGenerator({ endpoints, model: "gan", transfer: "dense" }),
      },
    });
    const pid = server.child.pid as number;
    return [
      ...(await rates(twin, pid)),
      ...(await latency(twin)),
      await concurrency("one connection", [twin.sparse]),
      ...(await manyConnections(endpoints)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Ways {
  readonly local: Generator;
  readonly sparse: Generator;
  readonly dense: Generator;
}
type Way = keyof Ways;
const WAYS = ["local", "sparse", "dense"] as const;

/** One client, batches of 100, as many on their way as it likes. */
async function rates(ways: Ways, pid: number): Promise<BenchRow[]> {
  const rate: Record<Way, number[]> = { local: [], sparse: [], dense: [] };
  const spent: Record<Way, Spent[]> = { local: [], sparse: [], dense: [] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const way of turned(WAYS, round)) {
      const measured = await measure(ways[way], pid, round);
      if (round < 0) continue;
      rate[way].push(measured.rate);
      spent[way].push(measured.spent);
    }
  }
  return (["sparse", "dense"] as const).map((way) => ({
    ...rateRow(`one client, batch ${BATCH_SIZE}, ${way}`, rate[way], rate.local),
    note: `peer: in-process; bar: ${way === "sparse" ? 0.8 : 0.5}; processor per shower: ${describe(spent[way])}; in-process ${describe(spent.local)}`,
  }));
}

/** Processor time per shower [ms]. */
interface Spent {
  readonly client: number;
  readonly clientNetwork: number;
  readonly server: number;
  readonly serverNetwork: number;
  readonly rest: number;
}

async function measure(
  generator: Generator,
  pid: number,
  round: number,
): Promise<{ readonly rate: number; readonly spent: Spent }> {
  const count = BATCHES * BATCH_SIZE;
  const before = [threadTimes(process.pid), threadTimes(pid)] as const;
  const start = performance.now();
  await make(generator, { from: round * count, count, batchSize: BATCH_SIZE });
  const ms = performance.now() - start;
  const own = spentBetween(before[0], threadTimes(process.pid));
  const other = spentBetween(before[1], threadTimes(pid));
  const perShower = {
    client: own.main / count,
    clientNetwork: own.busiest / count,
    server: other.main / count,
    serverNetwork: other.busiest / count,
    rest: (own.rest + other.rest) / count,
  };
  return { rate: (1000 * count) / ms, spent: perShower };
}

function describe(spent: readonly Spent[]): string {
  const part = (name: keyof Spent): string => `${(1000 * median(spent.map((each) => each[name]))).toFixed(0)} µs`;
  return `client ${part("client")} (other thread ${part("clientNetwork")}), server ${part("server")} (network thread ${part("serverNetwork")}), rest ${part("rest")}`;
}

/** One shower at a time. Turns are of several, as who asks a server does not compute the same network itself in between. */
async function latency({ local, sparse }: Ways): Promise<BenchRow[]> {
  await using grpc = await BareGrpc.start();
  const ask = {
    local: (event: number) => make(local, { from: event, count: 1, batchSize: 1 }),
    served: (event: number) => make(sparse, { from: event, count: 1, batchSize: 1 }),
    bare: (event: number) => grpc.ask(energyOf(event), event),
  };
  for (const way of ["local", "served", "bare"] as const) await warmUp(ask[way]);
  const times = { local: [] as number[], served: [] as number[], bare: [] as number[] };
  const turns = SINGLES / SINGLES_IN_TURN;
  for (let turn = -WARM_UP; turn < turns; turn++) {
    for (const way of turned(["local", "served", "bare"] as const, turn)) {
      for (let single = 0; single < SINGLES_IN_TURN; single++) {
        const start = performance.now();
        await ask[way](single);
        if (turn >= 0) times[way].push(performance.now() - start);
      }
    }
  }
  return ([0.5, 0.99] as const).map((p) => {
    const [ours, theirs, bare] = [times.served, times.local, times.bare].map((all) => quantile(all, p)) as [
      number,
      number,
      number,
    ];
    return {
      name: `added latency, batch 1, p${100 * p}`,
      value: ours - theirs,
      unit: "ms",
      note: `${ours.toFixed(2)} ms served, ${theirs.toFixed(2)} ms in-process, ${bare.toFixed(2)} ms by a server of 30 lines that makes the shower and answers with 4 kB over gRPC, ${SINGLES} each in turns of ${SINGLES_IN_TURN}, after ${SINGLES_BEFORE} each; bar: ${p === 0.5 ? 1 : 5} ms`,
    };
  });
}

/** JavaScript is compiled when it has run some thousand times: a server that has just begun takes up to 0.6 ms longer. */
async function warmUp(ask: (event: number) => Promise<void>): Promise<void> {
  for (let each = 0; each < SINGLES_BEFORE; each += CLIENTS_OF_WARM_UP) {
    await Promise.all(Array.from({ length: CLIENTS_OF_WARM_UP }, (_, client) => ask(each + client)));
  }
}

/** Clients that ask for one shower after another. */
async function concurrency(name: string, generators: readonly Generator[]): Promise<BenchRow> {
  const rate = { one: [] as number[], many: [] as number[] };
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const way of turned(["one", "many"] as const, round)) {
      const clients = way === "one" ? 1 : CLIENTS;
      const showers = way === "one" ? SHOWERS_OF_CLIENTS / 8 : SHOWERS_OF_CLIENTS;
      const start = performance.now();
      await Promise.all(
        Array.from({ length: clients }, async (_, client) => {
          const generator = generators[client % generators.length] as Generator;
          for (let each = client; each < showers; each += clients) {
            await make(generator, { from: each, count: 1, batchSize: 1 });
          }
        }),
      );
      if (round >= 0) rate[way].push((1000 * showers) / (performance.now() - start));
    }
  }
  return { ...rateRow(`${CLIENTS} clients, batch 1, ${name}`, rate.many, rate.one), note: "peer: one client; bar: 5" };
}

async function manyConnections(endpoints: readonly string[]): Promise<BenchRow[]> {
  const names = Array.from({ length: CLIENTS }, (_, client) => `client-${client}`);
  const plugins = Object.fromEntries(names.map((name) => [name, remoteGenerator({ endpoints, model: "gan" })]));
  await using twin = await createTwin({ plugins });
  const generators = names.map((name) => twin[name] as Generator);
  return [await concurrency("a connection each", generators)];
}

/** Makes showers and looks at each, as whoever uses them would. */
async function make(
  generator: Generator,
  { from, count, batchSize }: { readonly from: number; readonly count: number; readonly batchSize: number },
): Promise<void> {
  const conditions = {
    incident_energy: Float64Array.from({ length: count }, (_, event) => energyOf(event)),
    absorber_thickness: new Float64Array(count).fill(1.4),
  };
  const eventIds = BigInt64Array.from({ length: count }, (_, event) => BigInt(from + event));
  let made = 0;
  for await (const batch of generator.generate({ conditions, eventIds, seed: 1n, batchSize })) made += batch.count;
  if (made !== count) throw new Error(`${made} of ${count} showers were made.`);
}

/** 1 to 100 GeV, as logarithms evenly [MeV]. */
function energyOf(event: number): number {
  return 1000 * 100 ** ((event * 0.618034) % 1);
}

/** The same in another order from round to round. */
function turned<T>(all: readonly T[], round: number): readonly T[] {
  const first = ((round % all.length) + all.length) % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function rateRow(name: string, ours: readonly number[], theirs: readonly number[]): BenchRow {
  const ratios = ours.map((rate, round) => rate / (theirs[round] as number)).sort((a, b) => a - b);
  return {
    name,
    value: median(ours),
    unit: "showers/s",
    peer: median(theirs),
    ratio: median(ratios),
    noise: `ratio ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`,
  };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}
