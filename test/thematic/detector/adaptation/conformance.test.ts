import { NdArray, type StreamEvent } from "../../../../core/index.ts";
import { testAdaptable } from "../../../conformance/adaptable.ts";
import { toyAdaptable, toyEvents } from "./toy-showers.ts";

const reference = toyEvents(0, 3000);
const events = toyEvents(1_000_000, 300);
const [event] = events as [StreamEvent];
const { incident_energy: energy = 0, ...withoutEnergy } = event.conditions;
const flat = new NdArray(new Float32Array(6480), { dtype: "float32", shape: [6480] });
const integers = new NdArray(new Int32Array(6480), { dtype: "int32", shape: [45, 16, 9] });

testAdaptable(async () => ({
  adaptable: await toyAdaptable(),
  reference,
  events,
  invalid: [
    { event: { ...event, tensors: {} }, words: ["tensors.shower", "is missing", "[45, 16, 9]"] },
    { event: { ...event, tensors: { shower: flat } }, words: ["event 1000000", "float32 [6480]", "w-si-45"] },
    { event: { ...event, tensors: { shower: integers } }, words: ["int32"] },
    { event: { ...event, conditions: withoutEnergy }, words: ["incident_energy", "is missing", "temperature"] },
    { event: { ...event, conditions: { incident_energy: 500 } }, words: ["500 MeV", "1000 to 100000 MeV"] },
    { event: { ...event, conditions: { incident_energy: Number.NaN } }, words: ["NaN MeV"] },
    { event: { ...event, conditions: { incident_energy: energy, temperature: 51 } }, words: ["51 °C", "-10 to 50 °C"] },
  ],
}));
