import type { Command } from "../command.ts";
import type { Groups } from "../program.ts";
import { dataCheck } from "./data-check.ts";
import { dataConvert } from "./data-convert.ts";
import { dataInfo } from "./data-info.ts";
import { dataRead } from "./data-read.ts";
import { detectorBench } from "./detector-bench.ts";
import { detectorCompare } from "./detector-compare.ts";
import { detectorSimulate } from "./detector-simulate.ts";
import { detectorValidate } from "./detector-validate.ts";
import { modelInfo } from "./model-info.ts";
import { rootExport } from "./root-export.ts";
import { run } from "./run.ts";
import { specCheck } from "./spec-check.ts";
import { specExport } from "./spec-export.ts";
import { specSchema } from "./spec-schema.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  run,
  dataInfo,
  dataRead,
  dataConvert,
  dataCheck,
  detectorSimulate,
  detectorValidate,
  detectorCompare,
  detectorBench,
  modelInfo,
  rootExport,
  specCheck,
  specSchema,
  specExport,
];

/** What the commands with two words are about, by their first word. */
export const groups: Groups = {
  data: "Look into files of any format, alone or many as one; convert and check them",
  detector: "Simulate calorimeter showers, and see how faithful they are",
  model: "Look into files of trained models",
  root: "Hand ROOT files to uproot",
  spec: "Check a twin.yaml, and what may be in one",
};
