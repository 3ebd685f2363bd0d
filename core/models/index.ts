export {
  type AxisLengths,
  axisNames,
  checkModelInputs,
  checkModelOutputs,
  describeTensor,
  emptyModelOutputs,
  type ModelFacts,
} from "./check-model.ts";
