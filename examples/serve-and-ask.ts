// The operator of an inference service, and who asks it. One twin serves a GAN over gRPC; another has a detector and no
// network: its showers come from the server, and are those that the first twin makes itself, bit by bit. Here both are in one
// program; apart, the first is `npx twinloom serve gan`. Needs `onnxruntime-node`, `@grpc/grpc-js`, `@grpc/proto-loader`,
// `@grpc/reflection` and `grpc-health-check`.
import { createTwin } from "twinloom";
import { fastsim, shippedModel } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { remoteGenerator, serving } from "twinloom/modules/serving";
import { calorimeter } from "twinloom/thematic/detector";

await using service = await createTwin({
  name: "service",
  plugins: {
    network: onnx({ file: shippedModel("gan") }),
    shower: fastsim(),
    serving: serving({ port: 0, metricsPort: false }),
    detector: calorimeter({ geometry: "w-si-45" }),
  },
});
const { host, port } = service.serving.address;
console.log(`${service.serving.models.join(", ")} on ${host}`);

await using experiment = await createTwin({
  name: "experiment",
  plugins: {
    shower: remoteGenerator({ endpoints: [`${host}:${port}`], model: "gan" }),
    detector: calorimeter({ geometry: "w-si-45" }),
  },
});

// What the server tells of the model: nothing of this is known to the client before.
for (const [condition, { min, max, unit }] of Object.entries(experiment.shower.validity)) {
  console.log(`${condition.padEnd(20)} ${min} to ${max} ${unit}`);
}

// The same seed and energies here and there.
const request = { energyMeV: Array.from({ length: 200 }, (_, event) => 2_000 + 450 * event), seed: 7n };
const served = await experiment.detector.simulate(request);
const made = await service.detector.simulate(request);
const theirs = served.batches()[Symbol.asyncIterator]();
let equal = 0;
for await (const { count, energies } of made.batches()) {
  const [ours, other] = [energies.values(), (await theirs.next()).value?.energies.values()];
  if (ours.every((energy, index) => Object.is(energy, other?.[index]))) equal += count;
}
console.log(
  `${equal} of ${served.count} showers are the same to the last bit, by ${experiment.shower.facts["served_by"]}`,
);
