export { checkSchema, type SchemaProblem, type SchemaResult } from "./check-schema.ts";
export { InvalidArgumentError } from "./invalid-argument.ts";
export { ModelFailedError, ModelInputError } from "./model.ts";
export { describeNames, nearestNames } from "./nearest-names.ts";
export { OutOfDomainError } from "./out-of-domain.ts";
export { reasonOf } from "./reason.ts";
export { TwinError } from "./twin-error.ts";
