import type { NdArray } from "../../../../core/index.ts";
import type { Served, ServedAnswer, ServedRequest } from "../../models/served.ts";
import type { InferenceHandlers, ModelInferRequest, ModelInferResponseInit } from "../../protocol/messages.ts";
import { decodeParameters, encodeParameters, type ParameterValue } from "../../protocol/parameters.ts";
import { decodeTensors, encodeTensors } from "../../protocol/tensors.ts";
import { checkModel } from "../access.ts";
import { checkAnswerSize } from "../message-size.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Answers one request with one response. */
export function inferHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelInfer"> {
  const { calls, models, options } = core;
  return {
    ModelInfer: unary(core, "ModelInfer", async (message, { caller, request, ending }) => {
      const { model_name = "", model_version = "" } = message;
      checkModel(caller, model_name);
      const until = ending();
      until.signal.throwIfAborted();
      const end = calls.begin(until);
      try {
        const held = models.hold(model_name, model_version);
        try {
          request.served = held.served;
          const answer = await held.served.infer(readRequest(message), { signal: until.signal });
          return responseOf(message.id, held.served, answer, options.maxMessageBytes);
        } finally {
          held.release();
        }
      } finally {
        end();
      }
    }),
  };
}

/** @throws `TWIN_WIRE_INVALID` telling what was expected. */
export function readRequest({ inputs, outputs, parameters, raw_input_contents }: ModelInferRequest): ServedRequest {
  return {
    inputs: decodeTensors(inputs, raw_input_contents),
    parameters: decodeParameters(parameters),
    ...(outputs.length > 0 && { outputs: outputs.map(({ name = "" }) => name) }),
  };
}

/**
 * @param more - Parameters beside those of the answer.
 * @throws {@link AnswerTooLargeError}
 */
export function responseOf(
  id: string | undefined,
  served: Served,
  answer: ServedAnswer,
  maxMessageBytes: number,
  more: Readonly<Record<string, ParameterValue>> = {},
): ModelInferResponseInit {
  const { tensors, raw } = encodeTensors(answer.outputs as Readonly<Record<string, NdArray>>);
  checkAnswerSize(served, raw, maxMessageBytes);
  return {
    model_name: served.name,
    model_version: served.version,
    ...(id !== undefined && { id }),
    parameters: encodeParameters({ ...answer.parameters, ...more }),
    outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
    raw_output_contents: raw,
  };
}
