import { servedConfig } from "../../models/config.ts";
import type { InferenceHandlers, ModelConfigInit } from "../../protocol/messages.ts";
import { checkModel } from "../access.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Answers how a model is set up, in Triton's words. */
export function configHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelConfig"> {
  return {
    ModelConfig: unary(core, "ModelConfig", ({ name = "", version = "" }, { caller }) => {
      checkModel(caller, name);
      // The generated type has lists that may be written to; nobody does.
      return { config: servedConfig(core.models.find(name, version)) as ModelConfigInit };
    }),
  };
}
