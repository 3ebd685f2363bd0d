import type { InferenceHandlers } from "../../protocol/messages.ts";
import { checkControl, checkModel } from "../access.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Lists models, and loads and unloads them. */
export function repositoryHandlers(
  core: ServerCore,
): Pick<InferenceHandlers, "RepositoryIndex" | "RepositoryModelLoad" | "RepositoryModelUnload"> {
  const { models, repository, calls, log } = core;
  return {
    RepositoryIndex: unary(core, "RepositoryIndex", ({ ready = false }, { caller }) => {
      const loaded = models.all.map(({ name, version }) => ({ name, version, state: "READY", reason: "" }));
      const unloaded = models.unloaded.map((name) => ({ name, version: "", state: "UNAVAILABLE", reason: "unloaded" }));
      return { models: [...loaded, ...(ready ? [] : unloaded)].filter(({ name }) => caller.may(name)) };
    }),
    RepositoryModelLoad: unary(core, "RepositoryModelLoad", async ({ model_name = "" }, { caller, ending }) => {
      checkModel(caller, model_name);
      checkControl(caller);
      const end = calls.begin(ending());
      try {
        await repository.load(model_name);
      } finally {
        end();
      }
      log.info({ model: model_name, caller: caller.name }, "A client loaded a model");
      return {};
    }),
    RepositoryModelUnload: unary(core, "RepositoryModelUnload", async ({ model_name = "" }, { caller, ending }) => {
      checkModel(caller, model_name);
      checkControl(caller);
      const end = calls.begin(ending());
      try {
        await repository.unload(model_name);
      } finally {
        end();
      }
      log.info({ model: model_name, caller: caller.name }, "A client unloaded a model");
      return {};
    }),
  };
}
