import { z } from "zod";
import { describeTensor, type Model, ModelFailedError, type TensorSpec } from "../../../core/index.ts";
import { MODEL_PROPERTY } from "../models/properties.ts";
import { DATATYPES, dtypeOf } from "../protocol/datatypes.ts";
import { type RemoteDescription, type RemoteTensor, readProperty } from "./description.ts";

/** A model that a server serves. */
export interface ModelContract extends Pick<Model, "inputs" | "outputs" | "metadata" | "digest" | "provider"> {
  /** The free axis that all inputs and outputs begin with: along it, a call may be divided. */
  readonly batchAxis: string | undefined;
}

type Tensors = Readonly<Record<string, TensorSpec>>;

const dtypes = DATATYPES.map((datatype) => dtypeOf(datatype)).filter((dtype) => dtype !== undefined);

const tensors = z.record(
  z.string().min(1),
  z.looseObject({
    dtype: z.enum(dtypes),
    shape: z.array(z.union([z.int().min(0), z.string().min(1)])),
  }),
);

const Property = z.looseObject({
  inputs: tensors,
  outputs: tensors,
  metadata: z.record(z.string(), z.string()).default({}),
});

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Name of the first axis where a server of another make leaves it free. */
const BATCH = "batch";

/**
 * What a server tells of a model: a server of Twinloom the names of its free axes, too.
 *
 * @throws `TWIN_MODEL_FAILED` where it tells what is none.
 */
export function modelContract(model: string, description: RemoteDescription): ModelContract {
  const { properties } = description;
  const { inputs, outputs, metadata } = Object.hasOwn(properties, MODEL_PROPERTY)
    ? readProperty(Property, properties, { key: MODEL_PROPERTY, model })
    : fromTensors(model, description);
  const { identity, provider } = properties;
  return {
    inputs,
    outputs,
    metadata,
    ...(DIGEST.test(String(identity)) && { digest: identity }),
    // Who does not say what computes it promises nothing of its bits.
    provider: { name: provider || "remote" },
    batchAxis: batchAxis(inputs, outputs),
  };
}

/** What differs between two models' inputs and outputs, whatever their free axes are called. */
export function tensorsProblem(
  ours: Pick<Model, "inputs" | "outputs">,
  theirs: Pick<Model, "inputs" | "outputs">,
): string | undefined {
  const [wanted, given] = [ours, theirs].map(
    ({ inputs, outputs }) => `takes ${describe(inputs)} and gives ${describe(outputs)}`,
  );
  return wanted === given ? undefined : `it ${given}, not: it ${wanted}`;
}

function fromTensors(
  model: string,
  { inputs, outputs, properties, maxBatchSize }: RemoteDescription,
): Pick<Model, "inputs" | "outputs" | "metadata"> {
  const isBatched = maxBatchSize > 0 || [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
  const specs = (all: readonly RemoteTensor[]): Tensors =>
    Object.fromEntries(all.map((tensor) => [tensor.name, specOf(model, tensor, isBatched)]));
  return { inputs: specs(inputs), outputs: specs(outputs), metadata: properties };
}

function specOf(model: string, { name, datatype, shape }: RemoteTensor, isBatched: boolean): TensorSpec {
  const dtype = dtypeOf(datatype);
  if (!dtype) {
    throw new ModelFailedError(
      model,
      `its server states "${name}" as ${datatype}, which is not taken. There are: ${DATATYPES.join(", ")}.`,
    );
  }
  const axis = (length: number, place: number): number | string => {
    if (length >= 0) return length;
    // Nobody says that two free axes are of one length, except that of the batch.
    return isBatched && place === 0 ? BATCH : `${name}_${place}`;
  };
  return { dtype, shape: shape.map(axis) };
}

function batchAxis(inputs: Tensors, outputs: Tensors): string | undefined {
  const shapes = [...Object.values(inputs), ...Object.values(outputs)].map(({ shape }) => shape);
  const axis = Object.values(inputs)[0]?.shape[0];
  if (typeof axis !== "string") return undefined;
  return shapes.every((shape) => shape[0] === axis && shape.lastIndexOf(axis) === 0) ? axis : undefined;
}

function describe(specs: Tensors): string {
  const all = Object.entries(specs).map(([name, { dtype, shape }]) => {
    const free = shape.map((length) => (typeof length === "string" ? "?" : length));
    return `${name}: ${describeTensor({ dtype, shape: free })}`;
  });
  return all.sort().join(", ") || "nothing";
}
