export type {
  Composition,
  CompositionPath,
  CompositionSource,
  Parts,
  Plugins,
  Problem,
  ProblemCode,
  SourcePosition,
  Wiring,
} from "./composition.ts";
export { constant } from "./constant.ts";
export { createTwin, type TwinOptions } from "./create-twin.ts";
export {
  CompositionError,
  PackageMissingError,
  StartFailedError,
  type StartPhase,
  StartTimeoutError,
  StopFailedError,
  type StopFailure,
  StopTimeoutError,
  TaskNotFoundError,
  TwinStoppedError,
} from "./errors.ts";
export { importOptional, type OptionalPackage } from "./optional-package.ts";
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
} from "./plugin.ts";
export {
  compositionOf,
  findTask,
  resolveNeeds,
  type Twin,
  type TwinComposition,
  type TwinControl,
  type TwinTask,
} from "./twin.ts";
export { ENGINE_VERSION } from "./version.ts";
