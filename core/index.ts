export * from "./canonical/index.ts";
export * from "./contracts/index.ts";
export * from "./data/index.ts";
export * from "./errors/index.ts";
export * from "./files/index.ts";
export * from "./math/index.ts";
export {
  definePlugin,
  type ManyNeed,
  many,
  type Need,
  type Needs,
  type OptionalNeed,
  optional,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type PluginFactory,
  type Provided,
  type Provides,
  type Resolved,
  type Startable,
} from "./kernel/plugin.ts";
export {
  type AnyTask,
  defineTask,
  type JsonValue,
  type Task,
  type TaskContext,
  type TaskInput,
  type TaskOutput,
} from "./run/task.ts";
