import { z } from "zod";
import {
  bytesPerElement,
  type Generator,
  type GeneratorFacts,
  type GeneratorOutput,
  InvalidArgumentError,
  ModelFailedError,
  type ValidityRange,
} from "../../../core/index.ts";
import { EVENT_ID, SEED } from "../models/generate-request.ts";
import { GENERATOR_PROPERTY } from "../models/properties.ts";
import { DATATYPES, datatypeOf, dtypeOf } from "../protocol/datatypes.ts";
import { type RemoteDescription, type RemoteTensor, readProperty } from "./description.ts";

/** What a generator is, for servers that do not tell it: the option `describes` of {@link remoteGenerator}. */
export interface GeneratorDescription {
  readonly validity: Readonly<Record<string, ValidityRange>>;
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  /** The geometry that it stands for, and what else is to be in files. */
  readonly facts?: GeneratorFacts | undefined;
}

/** A generator that a server serves, and how it is asked. */
export interface GeneratorContract extends Pick<Generator, "model" | "validity" | "outputs"> {
  readonly facts: GeneratorFacts;
  /** How each input is called and what it takes. */
  readonly inputs: ReadonlyMap<string, RemoteTensor>;
  /** {@link RemoteDescription.hasExtensions} */
  readonly hasExtensions: boolean;
}

const dtypes = DATATYPES.map((datatype) => dtypeOf(datatype)).filter((dtype) => dtype !== undefined);

/** JSON has no infinity: a range without an end has `null` there. */
const end = (otherwise: number): z.ZodType<number> =>
  z
    .number()
    .nullable()
    .transform((value) => value ?? otherwise) as unknown as z.ZodType<number>;

const Property = z.looseObject({
  validity: z.record(
    z.string().min(1),
    z
      .looseObject({
        unit: z.string(),
        min: end(Number.NEGATIVE_INFINITY),
        max: end(Number.POSITIVE_INFINITY),
        nominal: z.number().optional(),
      })
      .refine(({ min, max }) => min <= max, { error: "Its min is above its max." }),
  ),
  outputs: z.record(
    z.string().min(1),
    z.looseObject({
      dtype: z.enum(dtypes),
      dims: z.array(z.string().min(1)),
      shape: z.array(z.int().min(1)),
      unit: z.string().optional(),
    }),
  ),
  facts: z
    .looseObject({
      fallback: z
        .strictObject({
          model: z.string().min(1),
          outside: z
            .record(
              z.string(),
              z.looseObject({ unit: z.string(), min: z.number().nullable(), max: z.number().nullable() }),
            )
            .optional(),
        })
        .optional(),
    })
    .catchall(z.json())
    .default({}),
});

/** The option `describes`. */
export const GeneratorDescriptionSchema: z.ZodType<GeneratorDescription> = z.strictObject({
  validity: z
    .record(
      z.string().min(1),
      z.strictObject({
        unit: z.string().describe("Unit, UDUNITS spelling."),
        min: z.number().describe("Lower end of the range."),
        max: z.number().describe("Upper end of the range."),
        nominal: z.number().optional().describe("The value that generators without this condition stand for."),
      }),
    )
    .describe("Each condition with the range in which the generator is valid."),
  outputs: z
    .record(
      z.string().min(1),
      z.strictObject({
        dtype: z.enum(dtypes).describe("Type of the values."),
        dims: z.array(z.string().min(1)).readonly().describe("Names of the axes of one event."),
        shape: z.array(z.int().min(1)).readonly().describe("Their lengths."),
        unit: z.string().optional().describe("Unit of the values."),
      }),
    )
    .describe("The arrays of an event."),
  facts: z.record(z.string(), z.json()).optional().describe("What else is known: geometry, reference."),
}) as unknown as z.ZodType<GeneratorDescription>;

/**
 * What a server tells of a generator.
 *
 * @param limits - `describes`: what is known of it here; it goes before what the server tells. `maxMessageBytes`: an event
 *   must fit that, as it is in memory.
 * @throws `TWIN_INVALID_ARGUMENT` where nobody tells what it generates, or the server takes other inputs;
 *   `TWIN_MODEL_FAILED` where it tells what is none, or is too large.
 */
export function generatorContract(
  model: string,
  description: RemoteDescription,
  {
    describes,
    maxMessageBytes,
  }: { readonly describes?: GeneratorDescription | undefined; readonly maxMessageBytes: number },
): GeneratorContract {
  const { validity, outputs, facts = {} } = describes ?? told(model, description);
  for (const [name, { dtype, shape }] of Object.entries(outputs)) {
    const bytes = shape.reduce((product, length) => product * length, dtype === "string" ? 1 : bytesPerElement(dtype));
    // An empty sparse answer of a few bytes would otherwise take any amount of memory.
    if (bytes <= maxMessageBytes) continue;
    throw new ModelFailedError(
      model,
      `an event's "${name}" is ${dtype} [${shape}], ${bytes} bytes; at most ${maxMessageBytes} (\`maxMessageBytes\`) are taken.`,
    );
  }
  const inputs = new Map(description.inputs.map((tensor) => [tensor.name, tensor]));
  const wanted = [EVENT_ID, ...Object.keys(validity)];
  const missing = wanted.find((name) => !inputs.has(name));
  const unknown = [...inputs.keys()].find((name) => name !== SEED && !wanted.includes(name));
  if (missing !== undefined || unknown !== undefined) {
    throw new InvalidArgumentError(
      `The server's model "${model}" is no generator of these events: it takes ${[...inputs.keys()].join(", ")}, and would be given ${wanted.join(", ")} and ${SEED} (docs/reference/serving-protocol.md).`,
    );
  }
  for (const name of wanted) checkInput(model, inputs.get(name) as RemoteTensor);
  return { model, validity, outputs, facts, inputs, hasExtensions: description.hasExtensions };
}

/** What differs between two generators' outputs; `undefined` where they make the same arrays. */
export function outputsProblem(
  ours: Pick<Generator, "outputs">,
  theirs: Pick<Generator, "outputs">,
): string | undefined {
  const [wanted, made] = [describe(ours.outputs), describe(theirs.outputs)];
  return wanted === made ? undefined : `it makes ${made}, not ${wanted}`;
}

function told(model: string, { properties }: RemoteDescription): GeneratorDescription {
  if (!Object.hasOwn(properties, GENERATOR_PROPERTY)) {
    throw new InvalidArgumentError(
      `The server does not tell what its model "${model}" generates (no property "${GENERATOR_PROPERTY}"). Say it in the option \`describes\`: { validity, outputs }; or, where it is a network that takes noise, use remoteModel() with fastsim().`,
    );
  }
  if (isGraph(properties[GENERATOR_PROPERTY] as string)) {
    throw new InvalidArgumentError(
      `The server's model "${model}" is a network that takes noise, not a generator. Use it as such: plugins: { network: remoteModel({ … }), shower: fastsim() }.`,
    );
  }
  // The schema's optional entries may be there and be undefined, which ours leave out: after JSON neither happens.
  return readProperty(Property, properties, { key: GENERATOR_PROPERTY, model }) as GeneratorDescription;
}

/** The description of a network's inputs and outputs stands in its file under the same name. */
function isGraph(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "conditions" in value && !("validity" in value);
  } catch {
    return false;
  }
}

function checkInput(model: string, { name, datatype, shape }: RemoteTensor): void {
  const taken = name === EVENT_ID ? ["INT64"] : [datatypeOf("float64"), datatypeOf("float32")];
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (taken.includes(datatype as never) && isColumn) return;
  throw new ModelFailedError(
    model,
    `its server takes the input "${name}" as ${datatype} [${shape.join(", ")}]; a generator takes ${taken.join(" or ")} [-1, 1].`,
  );
}

function describe(outputs: Generator["outputs"]): string {
  return Object.entries(outputs)
    .map(([name, { dtype, dims, shape, unit }]) => `${name} (${dtype} [${dims}] = [${shape}] ${unit ?? "1"})`)
    .sort()
    .join(", ");
}
