export {
  checkQuality,
  type QualityExample,
  type QualityOptions,
  type QualityReport,
  type QualityViolation,
} from "./check-quality.ts";
export { InvalidRulesError, QualityError } from "./errors.ts";
export { parseQualityRules, type QualityRules, QualityRulesSchema, type VariableRules } from "./rules.ts";
