import type { Command } from "../command.ts";
import type { Groups } from "../program.ts";
import { adapt } from "./adapt.ts";
import { batchWork } from "./batch-work.ts";
import { climateExtremes } from "./climate-extremes.ts";
import { climateIndex } from "./climate-index.ts";
import { climateIndices } from "./climate-indices.ts";
import { climateReport } from "./climate-report.ts";
import { climateTracks } from "./climate-tracks.ts";
import { dataCheck } from "./data-check.ts";
import { dataConvert } from "./data-convert.ts";
import { dataInfo } from "./data-info.ts";
import { dataRead } from "./data-read.ts";
import { detectorBench } from "./detector-bench.ts";
import { detectorCompare } from "./detector-compare.ts";
import { detectorSimulate } from "./detector-simulate.ts";
import { detectorTestbeam } from "./detector-testbeam.ts";
import { detectorValidate } from "./detector-validate.ts";
import { exportCrate } from "./export-crate.ts";
import { exportProv } from "./export-prov.ts";
import { infer } from "./infer.ts";
import { jobsCancel } from "./jobs-cancel.ts";
import { jobsCollect } from "./jobs-collect.ts";
import { jobsList } from "./jobs-list.ts";
import { jobsLogs } from "./jobs-logs.ts";
import { jobsResume } from "./jobs-resume.ts";
import { jobsShow } from "./jobs-show.ts";
import { modelInfo } from "./model-info.ts";
import { modelRepository } from "./model-repository.ts";
import { rerun } from "./rerun.ts";
import { rootExport } from "./root-export.ts";
import { run } from "./run.ts";
import { serve } from "./serve.ts";
import { sitesCheck } from "./sites-check.ts";
import { specCheck } from "./spec-check.ts";
import { specExport } from "./spec-export.ts";
import { specSchema } from "./spec-schema.ts";
import { storeGc } from "./store-gc.ts";
import { storePack } from "./store-pack.ts";
import { storeUnpack } from "./store-unpack.ts";
import { storeVerify } from "./store-verify.ts";
import { streamBroker } from "./stream-broker.ts";
import { streamRecord } from "./stream-record.ts";
import { streamReplay } from "./stream-replay.ts";
import { streamShow } from "./stream-show.ts";
import { streamTake } from "./stream-take.ts";
import { submit } from "./submit.ts";
import { twinAlias } from "./twin-alias.ts";
import { twinAttest } from "./twin-attest.ts";
import { twinCandidate } from "./twin-candidate.ts";
import { twinComment } from "./twin-comment.ts";
import { twinDiff } from "./twin-diff.ts";
import { twinLineage } from "./twin-lineage.ts";
import { twinList } from "./twin-list.ts";
import { twinLog } from "./twin-log.ts";
import { twinPromote } from "./twin-promote.ts";
import { twinRestore } from "./twin-restore.ts";
import { twinRollback } from "./twin-rollback.ts";
import { twinSeal } from "./twin-seal.ts";
import { twinShow } from "./twin-show.ts";

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  run,
  rerun,
  submit,
  jobsList,
  jobsShow,
  jobsLogs,
  jobsCancel,
  jobsResume,
  jobsCollect,
  sitesCheck,
  adapt,
  twinSeal,
  twinCandidate,
  twinList,
  twinShow,
  twinDiff,
  twinLineage,
  twinAlias,
  twinPromote,
  twinAttest,
  twinRollback,
  twinComment,
  twinLog,
  twinRestore,
  storeVerify,
  storeGc,
  storePack,
  storeUnpack,
  exportCrate,
  exportProv,
  dataInfo,
  dataRead,
  dataConvert,
  dataCheck,
  detectorSimulate,
  detectorValidate,
  detectorCompare,
  detectorBench,
  detectorTestbeam,
  climateIndex,
  climateIndices,
  climateReport,
  climateExtremes,
  climateTracks,
  streamShow,
  streamRecord,
  streamReplay,
  streamTake,
  streamBroker,
  modelInfo,
  modelRepository,
  serve,
  infer,
  batchWork,
  rootExport,
  specCheck,
  specSchema,
  specExport,
];

/** What the commands with two words are about, by their first word. */
export const groups: Groups = {
  twin: "Seal twins as versions; compare, name, promote and restore them",
  store: "Look after a store of versions",
  export: "Hand runs and versions to other tools",
  data: "Look into files of any format, alone or many as one; convert and check them",
  detector: "Simulate calorimeter showers, and see how faithful they are",
  climate: "Compute climate indices, extremes and storm tracks",
  stream: "See, record and replay what an instrument publishes",
  model: "Look into files of trained models, and hand them to servers",
  sites: "What a cluster offers",
  jobs: "Look after batches: how they go, what failed, what came of them",
  batch: "Run elements of batches: for executors",
  root: "Hand ROOT files to uproot",
  spec: "Check a twin.yaml, and what may be in one",
};
