import { InvalidArgumentError, type NdArray } from "../../../core/index.ts";
import type { Served, ServedRequest } from "../models/served.ts";
import type { ParameterValue } from "../protocol/parameters.ts";

/** Part of a request, and the parameters that its response has. */
export interface Chunk {
  readonly part: ServedRequest;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/**
 * The parts that a streamed request is answered in: of so many rows each as its parameter `chunk` says; all of it where
 * it says nothing.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a `chunk` that is no positive integer, a model whose requests have no rows, or
 *   inputs whose numbers of rows differ.
 */
export function* chunksOf(request: ServedRequest, served: Served): Generator<Chunk> {
  const chunk: ParameterValue | undefined = request.parameters["chunk"];
  if (chunk === undefined) {
    yield { part: request, parameters: { triton_final_response: true } };
    return;
  }
  if (typeof chunk !== "bigint" || chunk < 1n) {
    throw new InvalidArgumentError(
      `The parameter \`chunk\` is ${chunk}; it must be an integer of 1 or more: rows per response.`,
    );
  }
  if (served.kind === "model" && served.batching === undefined) {
    throw new InvalidArgumentError(
      `The model "${served.name}" has no axis that requests could be cut along: leave \`chunk\` away.`,
    );
  }
  const rows = rowsOf(request);
  const size = Number(chunk);
  for (let start = 0; start === 0 || start < rows; start += size) {
    const stop = Math.min(start + size, rows);
    yield {
      part: { ...request, inputs: rowsBetween(request.inputs, start, stop) },
      parameters: { start: BigInt(start), triton_final_response: stop === rows },
    };
  }
}

function rowsOf({ inputs }: ServedRequest): number {
  const rows = new Set(Object.values(inputs).map(({ shape }) => shape[0]));
  const [first] = rows;
  if (rows.size === 1 && first !== undefined) return first;
  const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
  throw new InvalidArgumentError(
    `A request that is answered in chunks must have as many rows in every input. It has: ${shapes.join(", ") || "no inputs"}.`,
  );
}

function rowsBetween(
  inputs: Readonly<Record<string, NdArray>>,
  start: number,
  stop: number,
): Readonly<Record<string, NdArray>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, array.slice({ [array.dims[0] as string]: { start, stop } })]),
  );
}
