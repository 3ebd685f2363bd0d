import { createTwin } from "twinloom";
import { fastsim } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { testGenerator } from "twinloom/testing";
import { describe } from "vitest";
import { EchoModel, fixture, graphOf, simulationOver } from "./sample.ts";

const INCIDENT = Float64Array.of(1000, 2500, 10_000, 10_000, 50_000, 100_000);

describe.for([1, 2])("fastsim over an ONNX file, %i threads", (threads) => {
  testGenerator(async () => {
    const twin = await createTwin({
      plugins: { network: onnx({ file: fixture("toy.onnx"), threads }), shower: fastsim() },
    });
    return {
      generator: twin.shower,
      conditions: { incident_energy: INCIDENT, absorber_thickness: Float64Array.of(1.2, 1.3, 1.4, 1.4, 1.5, 1.6) },
      dispose: () => twin.stop(),
    };
  });
});

describe("fastsim with a fallback", () => {
  testGenerator(async () => {
    const wide = await simulationOver(new EchoModel({ latent: ["batch", 6] }), {
      graph: graphOf({ conditions: { energy: { unit: "MeV", min: 5000, max: 90_000 } } }),
    });
    const graph = { ...graphOf(), name: "guarded" };
    const generator = await simulationOver(
      new EchoModel({ latent: ["batch", 6] }),
      { graph, outside: "fallback" },
      wide,
    );
    return {
      generator,
      conditions: { energy: Float64Array.of(6, 10, 50, 51, 90) },
    };
  });
});
