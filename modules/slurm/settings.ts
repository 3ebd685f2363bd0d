import { z } from "zod";

/** What a site, or a user there, asks of Slurm beside what an array itself asks for. */
export interface SlurmSettings {
  /** Whose budget is charged: `--account`. */
  readonly account?: string | undefined;
  /** Partition of arrays that need no GPU; the cluster's default one by default. */
  readonly partition?: string | undefined;
  /** Partition of arrays that need GPUs; `partition` by default. */
  readonly gpuPartition?: string | undefined;
  readonly qos?: string | undefined;
  readonly reservation?: string | undefined;
  /** Features that nodes must have: `"skylake&ib"`. */
  readonly constraint?: string | undefined;
  /** Nodes of each element. */
  readonly nodes?: number | undefined;
  /** Tasks of each element; Twinloom itself is one process. */
  readonly ntasks?: number | undefined;
  /** Generic resources of each element beside its GPUs: `"nvme:100"`. */
  readonly gres?: string | undefined;
  /** How this site calls a GPU in `--gres`: `"gpu"` by default, as `"gpu:a100"`. */
  readonly gpuGres?: string | undefined;
  /** Makes jobs wait longer: 0 to 2147483645. */
  readonly nice?: number | undefined;
  /** Environment modules that are loaded, in this order. */
  readonly modules?: readonly string[] | undefined;
  /** Lines of bash that are run after the modules are loaded. */
  readonly setup?: readonly string[] | undefined;
  /** Variables of every element, without secrets. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Container that elements run in. */
  readonly image?: SlurmImage | undefined;
  /** How Twinloom is called where elements run: `["twinloom"]`. */
  readonly command?: readonly [string, ...string[]] | undefined;
  /** More options of sbatch: `"--exclusive"`. Those that Twinloom sets itself are refused. */
  readonly extra?: readonly string[] | undefined;
  /** Most elements of one array here, where it is fewer than Slurm's `MaxArraySize` allows. */
  readonly arrayLimit?: number | undefined;
  /** What an element gets where the array does not say. */
  readonly resources?: SlurmResources | undefined;
}

/** An Apptainer image. */
export interface SlurmImage {
  /** Path of the image where elements run, or what else Apptainer takes: `"docker://…"`. */
  readonly file: string;
  /** Folders that are seen within, as `"/scratch"` or `"/data:/mnt:ro"`. */
  readonly bind?: readonly string[] | undefined;
  /** How GPUs get into the container of elements that have one: `nv` (NVIDIA) by default, or `rocm` (AMD). */
  readonly gpus?: "nv" | "rocm" | undefined;
  /** The program: `"apptainer"` by default, or `"singularity"`. */
  readonly program?: string | undefined;
}

/** What an element has to itself. */
export interface SlurmResources {
  readonly timeLimitS?: number | undefined;
  readonly warnS?: number | undefined;
  readonly cpus?: number | undefined;
  readonly memoryMiB?: number | undefined;
  readonly gpus?: number | undefined;
}

/** Options of sbatch on which the executor relies, so that nobody else sets them. */
const OWN_OPTIONS = [
  "account array chdir clusters comment cpus-per-task dependency error export export-file gres help input job-name",
  "kill-on-invalid-dep mail-type mem nice nodes no-requeue ntasks open-mode output parsable partition qos quiet",
  "requeue reservation constraint signal test-only time usage version wait wrap",
]
  .join(" ")
  .split(" ");

const EXTRA = /^--([a-z][a-z-]*)(?:=([^\s"'\\#`$]+))?$/;
// No comma: sbatch would take it as a list of several.
const WORD = /^[\w.@+-]+$/;
const WORDS = /^[\w.@+,-]+$/;

const word = (what: string) => z.string().regex(WORD, `It must be letters, digits, and . _ - + @.`).describe(what);
const words = (what: string) => z.string().regex(WORDS, `It must be letters, digits, and . _ - + @ ,.`).describe(what);
/** What bash can hold: a line without NUL. */
const line = z.string().regex(/^[^\0\r\n]+$/, "It must be one line that is not empty.");
const count = (what: string, max = 2 ** 31 - 1) => z.int().min(1).max(max).describe(what);

const Resources = z
  .strictObject({
    timeLimitS: count("Longest time that an element may run, s.").optional(),
    warnS: count("How long before its time limit an element is told, s.", 65_535).optional(),
    cpus: count("CPUs of an element.").optional(),
    memoryMiB: count("Memory of an element on each node, MiB.").optional(),
    gpus: z.int().min(0).max(65_535).optional().describe("GPUs of an element."),
  })
  .describe("What an element gets where the array does not say.");

const Image = z
  .strictObject({
    file: line.describe("Path of the image where elements run, or what else Apptainer takes."),
    bind: z.array(line).optional().describe("Folders that are seen within: /scratch, or /data:/mnt:ro."),
    gpus: z.enum(["nv", "rocm"]).optional().describe("How GPUs get in: nv (NVIDIA, the default) or rocm (AMD)."),
    program: line.optional().describe("The program: apptainer by default, or singularity."),
  })
  .describe("Container that elements run in.");

const shape = {
  account: word("Whose budget is charged.").optional(),
  partition: words("Partition of arrays that need no GPU; the cluster's default by default.").optional(),
  gpuPartition: words("Partition of arrays that need GPUs; `partition` by default.").optional(),
  qos: word("Quality of service.").optional(),
  reservation: words("Reservation.").optional(),
  constraint: z
    .string()
    .regex(/^[\w.,&|*()[\]-]+$/, "It must be features, joined by & and |.")
    .optional()
    .describe("Features that nodes must have."),
  nodes: count("Nodes of each element.").optional(),
  ntasks: count("Tasks of each element.").optional(),
  gres: z
    .string()
    .regex(/^[\w.,:-]+$/, "It must be as in nvme:100.")
    .optional()
    .describe("Generic resources of each element beside its GPUs."),
  gpuGres: z
    .string()
    .regex(/^[\w.-]+(?::[\w.-]+)?$/, "It must be as in gpu, or gpu:a100.")
    .optional()
    .describe("How this site calls a GPU in --gres; gpu by default."),
  nice: z.int().min(0).max(2_147_483_645).optional().describe("Makes jobs wait longer."),
  modules: z
    .array(z.string().regex(/^[\w.+/=-]+$/, "It must be the name of a module: letters, digits, and . _ - + / =."))
    .optional()
    .describe("Environment modules that are loaded, in this order."),
  setup: z.array(line).optional().describe("Lines of bash that are run after the modules are loaded."),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, "It must be the name of a variable."), z.string().regex(/^[^\0]*$/))
    .optional()
    .describe("Variables of every element, without secrets."),
  image: Image.optional(),
  command: z
    .tuple([line], z.string().regex(/^[^\0]*$/))
    .optional()
    .describe('How Twinloom is called where elements run: ["twinloom"].'),
  extra: z
    .array(z.string().superRefine(checkExtra))
    .optional()
    .describe("More options of sbatch: --exclusive. Those that Twinloom sets itself are refused."),
  arrayLimit: count("Most elements of one array here.").optional(),
  resources: Resources.optional(),
};

function checkExtra(text: string, context: z.RefinementCtx): void {
  const name = EXTRA.exec(text)?.[1];
  if (name === undefined) {
    context.addIssue("It must be --option or --option=value, without blanks, quotes, $ and #.");
  } else if (OWN_OPTIONS.some((own) => own.startsWith(name))) {
    // sbatch takes the beginning of an option for the whole of it.
    context.addIssue(`Twinloom sets --${name} itself, from the array or from another setting.`);
  }
}

/** The fields of {@link SlurmSettings}, to be part of another schema. */
export const settingsShape: typeof shape = shape;

/** The schema of {@link SlurmSettings}. */
export const SettingsSchema: z.ZodType<SlurmSettings, SlurmSettings> = z.strictObject(shape);

/** Settings with those of a profile under them: lists and the image are taken whole, resources and variables one by one. */
export function mergeSettings(profile: SlurmSettings, own: SlurmSettings): SlurmSettings {
  const set = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as SlurmSettings;
  return {
    ...profile,
    ...set,
    ...((profile.resources ?? set.resources) && { resources: mergeResources(profile.resources, set.resources) }),
    ...((profile.environment ?? set.environment) && { environment: { ...profile.environment, ...set.environment } }),
  };
}

/** Resources, each from the last that says it. */
export function mergeResources(...all: readonly (SlurmResources | undefined)[]): SlurmResources {
  const said = all.flatMap((each) => Object.entries(each ?? {}).filter(([, value]) => value !== undefined));
  return Object.fromEntries(said) as SlurmResources;
}
