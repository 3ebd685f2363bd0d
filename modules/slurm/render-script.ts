import type { SlurmJob } from "./job.ts";
import { shellQuote } from "./shell-quote.ts";

/** Name of the job: by it an array is found again. */
export function jobName(token: string): string {
  return `twinloom-${token}`;
}

/**
 * The script that sbatch is given: everything is in it, so that it can be looked at and submitted by hand.
 *
 * The work is in a function that is called by the last line: a script of which only a part arrived does nothing.
 */
export function renderScript(job: SlurmJob): string {
  const directives = directivesOf(job).map((option) => `#SBATCH ${option}`);
  const exports = Object.entries(job.environment).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  return `#!/bin/bash
# ${job.name}: an array of ${job.elements} made by Twinloom.
${directives.join("\n")}

prepare() {
  export TWINLOOM_ELEMENT="$SLURM_ARRAY_TASK_ID"
  export TWINLOOM_RESTART="\${SLURM_RESTART_COUNT:-0}"
  export TWINLOOM_JOB="$SLURM_ARRAY_JOB_ID"
${indent([...exports, ...moduleLines(job), ...(job.setup ?? [])])}  return 0
}

run() {
  exec ${commandOf(job).map(shellQuote).join(" ")}
}

${SUPERVISION}`;
}

// Slurm sends SIGUSR1 to this script only, and SIGTERM to every process of the job, so that only the first is passed on:
// a program may take a second SIGTERM as the wish to end at once. A pre-empted job that ends by itself counts as failed, so
// that nothing ends before Slurm has said that it requeues it.
const SUPERVISION = `await_end() {
  for _ in {1..900}; do
    [ -z "$interrupted" ] || return
    sleep 1
  done
}

again() {
  local delay
  for delay in 1 2 4 8 16 32 64 128 256; do
    interrupted=''
    if scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"; then
      await_end
      break
    fi
    sleep "$delay"
  done
  exit 75
}

main() {
  local child='' told='' interrupted status
  trap 'interrupted=1; told=1; [ -z "$child" ] || kill -USR1 "$child" 2>/dev/null' USR1
  trap 'interrupted=1' TERM
  prepare || exit 1
  run &
  child=$!
  [ -z "$told" ] || kill -USR1 "$child"
  # A signal ends wait before its time.
  while :; do
    interrupted=''
    wait "$child"
    status=$?
    [ -n "$interrupted" ] || break
  done
  # Who does not listen to SIGUSR1 is ended by it. Then Slurm has the last word: its time is up, or it starts again.
  if [ -n "$told" ] && [ "$status" -eq $((128 + $(kill -l USR1))) ]; then
    interrupted=''
    await_end
  fi
  [ "$status" -ne 75 ] || again
  exit "$status"
}

main
`;

function directivesOf(job: SlurmJob): readonly string[] {
  const { resources } = job;
  const gpus = resources.gpus ?? 0;
  const partition = gpus > 0 ? (job.gpuPartition ?? job.partition) : job.partition;
  const gres = [gpus > 0 ? `${job.gpuGres ?? "gpu"}:${gpus}` : undefined, job.gres].filter(
    (each) => each !== undefined,
  );
  const options: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ["job-name", jobName(job.token)],
    ["comment", `"twinloom:${job.token}:${job.elements} ${job.name}"`],
    ["array", `0-${job.elements - 1}${job.atOnce === undefined ? "" : `%${job.atOnce}`}`],
    ["chdir", directiveQuote(job.workingFolder)],
    ["output", directiveQuote(`${job.logFolder}/%a.log`)],
    ["open-mode", "append"],
    ["export", "ALL"],
    ["account", job.account],
    ["partition", partition],
    ["qos", job.qos],
    ["reservation", job.reservation],
    ["constraint", job.constraint === undefined ? undefined : directiveQuote(job.constraint)],
    ["nodes", job.nodes],
    ["ntasks", job.ntasks ?? (job.nodes === undefined ? 1 : undefined)],
    ["cpus-per-task", resources.cpus],
    ["mem", resources.memoryMiB === undefined ? undefined : `${Math.ceil(resources.memoryMiB)}M`],
    ["gres", gres.length === 0 ? undefined : gres.join(",")],
    ["time", resources.timeLimitS === undefined ? undefined : slurmTime(resources.timeLimitS)],
    ["signal", resources.warnS === undefined ? undefined : `B:USR1@${Math.ceil(resources.warnS)}`],
    ["nice", job.nice],
    ["mail-type", "NONE"],
  ];
  const dependency = job.after.length === 0 ? [] : [`--dependency=afterok:${job.after.join(":")}`];
  return [
    ...options.filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value}`),
    "--requeue",
    ...dependency,
    ...(dependency.length === 0 ? [] : ["--kill-on-invalid-dep=yes"]),
    ...(job.extra ?? []),
  ];
}

/** A value of an #SBATCH line, whose quotes are sbatch's own; it has neither backslashes nor line breaks. */
function directiveQuote(text: string): string {
  return /^[\w@+=:,./%-]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}

/** Slurm's days-hours:minutes:seconds. */
function slurmTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  const clock = [hours, minutes, whole % 60].map((each) => String(each).padStart(2, "0")).join(":");
  return days === 0 ? clock : `${days}-${clock}`;
}

function moduleLines(job: SlurmJob): readonly string[] {
  if (job.modules === undefined || job.modules.length === 0) return [];
  const loads = job.modules.map((name) => {
    const failed = shellQuote(`twinloom: the module ${name} cannot be loaded`);
    return `module load ${shellQuote(name)} || { echo ${failed} >&2; return 1; }`;
  });
  // A batch script is no login shell: where the submitting one had no modules either, they are set up there.
  return ["type module >/dev/null 2>&1 || source /etc/profile", ...loads];
}

function commandOf({ run, image, resources }: SlurmJob): readonly string[] {
  if (image === undefined) return run;
  const gpus = (resources.gpus ?? 0) > 0 ? [`--${image.gpus ?? "nv"}`] : [];
  const binds = (image.bind ?? []).flatMap((each) => ["--bind", each]);
  return [image.program ?? "apptainer", "exec", ...gpus, ...binds, image.file, ...run];
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join("");
}
