import type { SlurmSite } from "../modules/slurm/index.ts";
import { durationText } from "./batch-text.ts";
import { formatTable } from "./table.ts";

/** What was found on this side. */
export interface OwnSide {
  readonly node: string;
  /** Where batches would be, and whether that file system has hard links. */
  readonly folder: string;
  readonly hasLinks: boolean;
}

/** Below this, a sweep has to be packed: thousands of points are common. */
const SMALL_ARRAY = 1_000;

/** What a cluster offers, in words, and what Twinloom makes of it. */
export function siteText(site: SlurmSite, own: OwnSide): string {
  const { cluster = "(no name)", version = "of unknown version", partitions, profile } = site;
  const rows = partitions.map(
    ({ name, isDefault, availability, timeLimitS, nodes, idleNodes, cpus, memoryMiB, gres }) => [
      isDefault ? `${name} (default)` : name,
      availability,
      timeLimitS === undefined ? "none" : durationText(timeLimitS * 1_000),
      `${idleNodes} of ${nodes}`,
      range(cpus),
      range(memoryMiB),
      gres.join(", "),
    ],
  );
  const columns = ["partition", "is", "time limit", "idle nodes", "CPUs of a node", "memory [MiB]", "GPUs and more"];
  return [
    `Cluster ${cluster}, Slurm ${version}: its controller answers.`,
    ...(profile === undefined ? [] : [`Profile: ${profile}`]),
    "",
    formatTable({ columns: columns.map((name) => ({ name })), rows }),
    "",
    arraysText(site),
    accountsText(site),
    preemptionText(site),
    linksText(own),
    `Node.js ${own.node} on this side; elements need 20.11 or later where they run.`,
  ].join("\n");
}

/** @returns Whether batches can run here, as far as was looked. */
export function isUsable({ partitions }: SlurmSite, { hasLinks }: OwnSide): boolean {
  return hasLinks && partitions.some(({ availability }) => availability === "up");
}

function arraysText({ arraySize }: SlurmSite): string {
  const packed = arraySize < SMALL_ARRAY ? " That is few: " : " ";
  return `Arrays: ${arraySize} elements at most.${packed}A sweep of more task runs gets several in an element.`;
}

function accountsText({ accounting, remembersForS }: SlurmSite): string {
  if (accounting) return "Accounts: kept (sacct), so that what became of a job stays known.";
  return (
    `Accounts: none, and a job that has ended is forgotten after ${durationText(remembersForS * 1_000)}. What becomes of ` +
    "elements is known by the witnesses that they leave in the folder of the batch, and by their results."
  );
}

function preemptionText({ preemption: { mode, announced }, requeuesByDefault }: SlurmSite): string {
  if (mode === "OFF") return "Pre-emption: none. Elements are requeued when their node fails, as Twinloom asks for it.";
  const told = announced
    ? "A job is told before, so that tasks with checkpoints save where they are."
    : "A job is not told before: tasks begin again from their last checkpoint.";
  const requeue = requeuesByDefault ? "" : " Jobs are not requeued by default here; Twinloom asks for it.";
  return `Pre-emption: ${mode}. ${told}${requeue}`;
}

function linksText({ folder, hasLinks }: OwnSide): string {
  if (hasLinks) return `Folder ${folder}: has hard links, as batches need.`;
  return `Folder ${folder}: has no hard links, by which results are accepted once. Put batches on another file system: --out.`;
}

function range([least, most]: readonly [number, number]): string {
  return least === most ? `${least}` : `${least}–${most}`;
}
