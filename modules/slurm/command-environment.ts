/** Of the variables of Slurm these say where it is, not what an outer job is or how answers look. */
const KEPT = new Set(["SLURM_CONF", "SLURM_JWT", "SLURM_CONF_SERVER", "SLURM_DEBUG_FLAGS"]);

/** With these a user says what site or account is meant; the script's own words go before them only if they are removed. */
const USERS = new Set(["SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION", "SBATCH_CONSTRAINT"]);

const OF_SLURM = /^(SLURM|SBATCH|SQUEUE|SACCT|SCONTROL|SCANCEL|SINFO|SRUN|SALLOC)_/;

/**
 * The environment of a command of Slurm: without what an outer job left in it, and without what a user has set for how
 * answers look.
 *
 * @param said - Variables that would overrule the script, as `"SBATCH_ACCOUNT"`.
 */
export function commandEnvironment(
  environment: NodeJS.ProcessEnv,
  said: ReadonlySet<string> = new Set(),
): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !OF_SLURM.test(name) || KEPT.has(name) || (USERS.has(name) && !said.has(name)),
  );
  return { ...Object.fromEntries(kept), SLURM_BITSTR_LEN: "0" };
}
