// The test-beam shifter, who needs a twin that stays true. A calorimeter's events come over MQTT; while they do, the gain of a
// layer steps up by 5 %. The twin notices, finds out what it is, proves it on other events and becomes a new version; a server
// swaps to it, and an analysis elsewhere gets the showers of the detector as it is now. Here all of them are in one program; the
// beam is GFLASH's, the twin's showers are a GAN's. Needs `onnxruntime-node`, `mqtt`, `aedes`, `@grpc/grpc-js`, `@grpc/proto-loader`,
// `@grpc/reflection` and `grpc-health-check`.
import { rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { createTwin, encodeEvent, type FeatureWindow, followFeatureWindows, openStore, takeEvents } from "twinloom";
import {
  type Decided,
  decide,
  decisionName,
  decisionsReport,
  decisionText,
  sealChanges,
} from "twinloom/modules/adaptation";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { mqttBroker, mqttStream } from "twinloom/modules/mqtt";
import { onnx } from "twinloom/modules/onnx";
import { report } from "twinloom/modules/report";
import { followAlias, InferenceServer, remoteGenerator } from "twinloom/modules/serving";
import { adaptableDetector, adaptedGenerator, calorimeter, gflash, TestBeam } from "twinloom/thematic/detector";

const OUT = "twinloom-out/living-twin";
const NAME = "ecal@champion";
const LAYER = 8;
const CHANGE_AT = 4000;
await rm(OUT, { recursive: true, force: true });

// 1. The twin: a network, what of its detector may be adapted, and showers of the detector as it is known now. Its first version.
const composition = {
  name: "ecal",
  plugins: {
    network: onnx({ file: shippedModel("gan") }),
    gan: fastsim(),
    adaptable: adaptableDetector({ templateShowers: 2000 }),
    now: adaptedGenerator(),
  },
  wire: { adaptable: { generator: "gan" }, now: { generator: "gan" } },
} as const;
await using twin = await createTwin(composition);
await using store = await openStore(`${OUT}/store`, { create: true });
await twin.seal({ store, alias: "champion", reason: "gains as calibrated last year" });

// 2. The server of whatever version is the champion: `twinloom serve ecal@champion`.
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const server = new InferenceServer({ port: 0, metricsPort: false }, { log });
await server.start();
const follower = await followAlias(server, { store, name: NAME, log, pollMs: 200 });
const { host, port } = server.address;

// 3. The analysis, elsewhere. It follows what the server makes, and asks for the same 50 electrons again and again.
await using analysis = await createTwin({
  plugins: {
    showers: remoteGenerator({ endpoints: [`${host}:${port}`], model: "gan-adapted", follow: true }),
    ecal: calorimeter(),
  },
});
async function askOnce(): Promise<{ readonly layerMeV: number; readonly version: string }> {
  const showers = await analysis.ecal.simulate({ energyMeV: new Array<number>(50).fill(10_000), seed: 7 });
  let sum = 0;
  for await (const { energies } of showers.batches()) {
    for (const energy of energies.slice({ layer: LAYER }).toFloat64()) sum += energy;
  }
  return { layerMeV: sum / showers.count, version: `v${analysis.showers.remote.endpoints[0]?.version}` };
}
const first = await askOnce();
console.log(
  `\nA living twin\nserved by ecal@${first.version}: ${first.layerMeV.toFixed(1)} MeV in layer ${LAYER} of a 10 GeV shower`,
);

// 4. The hall: a broker, and a beam on a detector that changes after 4,000 events. `twinloom stream broker`, `detector testbeam`.
await using hall = await createTwin({
  plugins: {
    broker: mqttBroker(),
    events: mqttStream({ topic: "testbeam/ecal" }),
    showers: gflash(),
    ecal: calorimeter(),
    report: report(),
  },
});
const step = { change: "gain-step", at: { event: CHANGE_AT }, layers: [LAYER], factor: 1.05 };
const script = {
  schemaVersion: 1,
  source: "testbeam/ecal",
  events: 50_000,
  eventsPerSecond: 1000,
  seed: 2,
  history: [step],
};
const beam = new TestBeam(script, hall.ecal.geometry);
console.log(`events at ${hall.broker.url}/testbeam/ecal; from event ${CHANGE_AT} on, layer ${LAYER} reads 5 % more`);

// 5. The loop: `twinloom adapt --from mqtt://… --alias champion`. Each event is acknowledged when its features are durable, each
// decision is durable before anything is done about it, and new conditions are a version with the decision as its evidence.
const subscription = await hall.events.subscribe({ name: "ecal" });
const over = new AbortController();
async function* windows(): AsyncGenerator<FeatureWindow> {
  const timing = { windowNs: 100_000_000n, allowedLatenessNs: 0n, patienceNs: 0n };
  try {
    yield* followFeatureWindows(`${OUT}/features`, { ...timing, signal: over.signal });
  } catch (error) {
    if (!over.signal.aborted) throw error;
    await subscription[Symbol.asyncDispose]();
  }
}
function follow(): Promise<Decided> {
  return decide(windows(), {
    adaptable: twin.adaptable,
    folder: `${OUT}/decisions`,
    // Fewer than usual, so that this is over soon.
    referenceEvents: 3000,
    windowEvents: 1000,
    act: sealChanges({ store, composition, adaptable: twin.adaptable, alias: "champion", folder: `${OUT}/found` }),
    onDecision: ({ decision }) => {
      console.log(`${String(decision.events).padStart(7)}  ${decisionName(decision)}: ${decisionText(decision)}`);
    },
  });
}
async function publish(): Promise<void> {
  for await (const event of beam.events(hall.showers)) {
    if (over.signal.aborted) return;
    await hall.events.publish(encodeEvent(event));
  }
  throw new Error("The beam has ended, and nothing was found.");
}
async function ask(): Promise<ReadonlyMap<string, number>> {
  const answers = new Map<string, number>();
  while (!over.signal.aborted) {
    const { version } = await askOnce();
    answers.set(version, (answers.get(version) ?? 0) + 1);
    if (version !== first.version) over.abort();
    await setTimeout(50);
  }
  return answers;
}
const taking = takeEvents(subscription, { adaptable: twin.adaptable, folder: `${OUT}/features` });
const [{ decisions }, answers] = await Promise.all([follow(), ask(), publish(), taking]);

// 6. What came of it.
const last = await askOnce();
const change = 100 * (last.layerMeV / first.layerMeV - 1);
console.log(`served by ecal@${last.version}: ${last.layerMeV.toFixed(1)} MeV, ${change.toFixed(2)} % more than before`);
const counts = [...answers].map(([version, count]) => `${count} by ${version}`);
console.log(`answered while the beam was on: ${counts.join(", ")}; none failed`);
// The page draws what the twin believed beside the truth, which the script of the beam knows.
const timeNs = (seconds: number) =>
  BigInt(Date.parse(beam.script.startsAt)) * 1_000_000n + BigInt(Math.round(1e9 * seconds));
const [changeS, endS] = [beam.secondsOf(CHANGE_AT), beam.secondsOf(decisions.at(-1)?.decision.events ?? 0)];
const truth = [0, changeS - 0.001, changeS, endS].map((seconds) => {
  const gain = beam.conditionsAt(seconds).response.gains[LAYER] ?? Number.NaN;
  return { timeNs: `${timeNs(seconds)}`, conditions: { [`gain of layer ${LAYER}`]: gain } };
});
const page = decisionsReport({
  title: "A living twin",
  conditions: twin.adaptable.conditions,
  decisions,
  truth,
  fromNs: timeNs(0),
  toNs: timeNs(endS),
});
await writeFile(`${OUT}/report.html`, await hall.report.html(page));
console.log(`Report: ${OUT}/report.html`);
await server.stop();
await follower.stop();
