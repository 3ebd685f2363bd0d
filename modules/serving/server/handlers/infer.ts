import type { NdArray } from "../../../../core/index.ts";
import { checkAnswerBytes } from "../../models/answer-size.ts";
import type { Served, ServedAnswer, ServedRequest } from "../../models/served.ts";
import type { InferenceHandlers, ModelInferRequest } from "../../protocol/messages.ts";
import { decodeParameters, type ParameterValue } from "../../protocol/parameters.ts";
import { decodeTensors, encodeTensors } from "../../protocol/tensors.ts";
import type { SentMessage } from "../../protocol/write-message.ts";
import { checkModel } from "../access.ts";
import { checkId } from "../message-size.ts";
import type { EncodedResponse } from "../response-codec.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Answers one request with one response. */
export function inferHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelInfer"> {
  const { models, options, responses } = core;
  const infer = unary<ModelInferRequest, EncodedResponse>(
    core,
    "ModelInfer",
    async (message, { caller, request, begin }) => {
      const { id, model_name = "", model_version = "" } = message;
      checkModel(caller, model_name);
      checkId(id);
      const { signal, open } = begin();
      const held = models.hold(model_name, model_version);
      try {
        const { served } = held;
        request.served = served;
        const asked = readRequest(message);
        const answer = await served.infer(asked, { signal });
        const response = responses.encode(responseOf(id, served, answer));
        checkAnswerBytes(served, response.byteLength, options.maxMessageBytes);
        open.hold(response.byteLength);
        return response;
      } finally {
        held.release();
      }
    },
  );
  // What it answers is encoded already.
  return { ModelInfer: infer as unknown as InferenceHandlers["ModelInfer"] };
}

/** @throws `TWIN_WIRE_INVALID` telling what was expected. */
export function readRequest({ inputs, outputs, parameters, raw_input_contents }: ModelInferRequest): ServedRequest {
  return {
    inputs: decodeTensors(inputs, raw_input_contents),
    parameters: decodeParameters(parameters),
    ...(outputs.length > 0 && { outputs: outputs.map(({ name = "" }) => name) }),
  };
}

/** @param more - Parameters beside those of the answer. */
export function responseOf(
  id: string | undefined,
  served: Served,
  answer: ServedAnswer,
  more: Readonly<Record<string, ParameterValue>> = {},
): SentMessage {
  const { tensors, raw } = encodeTensors(answer.outputs as Readonly<Record<string, NdArray>>);
  return {
    model_name: served.name,
    model_version: served.version,
    id,
    parameters: { ...answer.parameters, ...more },
    tensors,
    raw,
  };
}
