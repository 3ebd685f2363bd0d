import { basename, join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestBytes, digestFile } from "../../canonical/digest.ts";
import { isFile } from "../../files/is-file.ts";
import { writeFileAtomically } from "../../files/write-atomically.ts";
import { REPORT_FILE } from "../../run/run-folder.ts";
import { type FileRecord, RECORD_FILE, type RunRecord } from "../../run/run-record.ts";
import { stepsInOrder } from "../step-order.ts";
import { type CheckableFacts, type CrateFiles, checkable, hexOf } from "./crate-files.ts";
import { type Reference, reference } from "./crate-graph.ts";
import { PLAN_FILE, RunEntities, runId } from "./run-entities.ts";

/** Adds a run to a crate: the plan, what its steps read and wrote, the record, and how they belong together. */
export async function addRun(
  files: CrateFiles,
  { record, folder }: { readonly record: RunRecord; readonly folder: string },
  agent: Reference | undefined,
): Promise<void> {
  const { graph } = files;
  await addPlan(files, record);
  const written = new Map<string, Reference>();
  const read = new Map<string, Reference>();
  for (const [step, { outputs, inputs }] of stepsInOrder(record)) {
    for (const [output, file] of Object.entries(outputs)) {
      written.set(`${step}.${output}`, await files.copy(join(folder, file.path), file.path, factsOf(file)));
    }
    for (const [input, file] of Object.entries(inputs)) {
      const from = record.plan.steps[step]?.inputs?.[input];
      const handedOver = typeof from === "string" ? written.get(from) : undefined;
      read.set(`${step}.${input}`, handedOver ?? (await addInput(files, file, inputPath(step, input, file.path))));
    }
  }
  new RunEntities(graph, record, {
    inputOf: (step, input) => read.get(`${step}.${input}`) as Reference,
    outputOf: (step, output) => written.get(`${step}.${output}`) as Reference,
    agent,
  }).add();
  const own = [
    [RECORD_FILE, "Sealed record of the run"],
    [REPORT_FILE, "Comparison with the run that this one repeats"],
  ] as const;
  for (const [name, title] of own) {
    const path = join(folder, name);
    if (!(await isFile(path))) continue;
    await files.copy(path, name, await digestFile(path, files), { name: title, about: reference(runId(record)) });
  }
}

/** The plan as a file of the crate: what was asked for, its inputs by name. */
async function addPlan({ folder, graph }: CrateFiles, record: RunRecord): Promise<void> {
  const steps = Object.entries(record.plan.steps).map(([name, { task, parameters = {}, inputs = {} }]) => {
    const from = Object.entries(inputs).map(([input, each]) => [
      input,
      typeof each === "string" ? each : { file: inputPath(name, input, each.file) },
    ]);
    return [name, { task, parameters, inputs: Object.fromEntries(from) }];
  });
  const text = canonicalJson({ name: record.plan.name, steps: Object.fromEntries(steps) });
  await writeFileAtomically(join(folder, PLAN_FILE), text);
  const language = graph.add({ "@id": "#plan-language", "@type": "ComputerLanguage", name: "Plan of Twinloom, JSON" });
  const { lock, plugins } = record.environment;
  const packages = Object.values(plugins).map(({ plugin, version }) =>
    graph.add({
      "@id": `#plugin/${encodeURIComponent(plugin)}@${encodeURIComponent(version)}`,
      "@type": "SoftwareApplication",
      name: plugin,
      softwareVersion: version,
    }),
  );
  const lockFile = lock && {
    "@id": "#lock",
    "@type": "CreativeWork",
    name: lock.file,
    description: "Lock file of the packages that ran.",
    sha256: hexOf(lock.digest),
  };
  graph.add({
    "@id": PLAN_FILE,
    "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
    name: `Plan "${record.plan.name}"`,
    encodingFormat: "application/json",
    version: record.version ?? record.twin.specDigest,
    programmingLanguage: language,
    conformsTo: reference("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"),
    softwareRequirements: [...packages, ...(lockFile ? [graph.add(lockFile)] : [])],
    ...checkable({ bytes: Buffer.byteLength(text), digest: digestBytes(text) }),
  });
  graph.link("./", "hasPart", reference(PLAN_FILE));
}

/** An input as a file of the crate; where it is gone or another by now, what is recorded of it. */
async function addInput(files: CrateFiles, file: FileRecord, path: string): Promise<Reference> {
  const facts = factsOf(file);
  const now = await digestFile(file.path, files).catch(() => undefined);
  files.signal?.throwIfAborted();
  if (now?.digest === facts.digest) return await files.copy(file.path, path, facts);
  return files.graph.add({
    "@id": `#input/${hexOf(facts.digest)}`,
    "@type": "CreativeWork",
    name: basename(file.path),
    description: "A file that was read, and is not in this crate.",
    ...checkable(facts),
  });
}

/** No step can have such a name: its folder is not in the way. Not all systems and readers of bags take a backslash or "%" in a name. */
function inputPath(step: string, input: string, file: string): string {
  return `input_files/${step}/${input}/${basename(file).replace(/[\\%\p{Cc}]/gu, "_")}`;
}

function factsOf({ bytes, fileDigest }: FileRecord): CheckableFacts {
  return { bytes, digest: fileDigest };
}
