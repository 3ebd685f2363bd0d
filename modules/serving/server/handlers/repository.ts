import type { InferenceHandlers } from "../../protocol/messages.ts";
import { checkControl, checkModel } from "../access.ts";
import type { ServerCore } from "../server-core.ts";
import { unary } from "./unary.ts";

/** Lists models, and loads and unloads them. */
export function repositoryHandlers(
  core: ServerCore,
): Pick<InferenceHandlers, "RepositoryIndex" | "RepositoryModelLoad" | "RepositoryModelUnload"> {
  const { models, repository, log } = core;
  return {
    RepositoryIndex: unary(core, "RepositoryIndex", ({ ready = false }, { caller }) => {
      const loaded = models.all.map(({ name, version }) => ({ name, version, state: "READY", reason: "" }));
      const unloaded = models.unloaded.map((name) => ({ name, version: "", state: "UNAVAILABLE", reason: "unloaded" }));
      return { models: [...loaded, ...(ready ? [] : unloaded)].filter(({ name }) => caller.may(name)) };
    }),
    RepositoryModelLoad: unary(core, "RepositoryModelLoad", async ({ model_name = "" }, { caller, begin }) => {
      checkModel(caller, model_name);
      checkControl(caller);
      await repository.load(model_name, begin().signal);
      log.info({ model: model_name, caller: caller.name }, "A client loaded a model");
      return {};
    }),
    RepositoryModelUnload: unary(core, "RepositoryModelUnload", ({ model_name = "" }, { caller, begin }) => {
      checkModel(caller, model_name);
      checkControl(caller);
      begin();
      repository.unload(model_name);
      log.info({ model: model_name, caller: caller.name }, "A client unloaded a model");
      return {};
    }),
  };
}
