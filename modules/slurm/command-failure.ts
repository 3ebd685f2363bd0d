import { ExecutorRefusedError, ExecutorUnreachableError } from "../../core/index.ts";

/** Name of the executor in messages and records. */
export const SLURM = "slurm";

/** A command that was run to its end. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// What Slurm says when the other side did not answer, did so too late, or went away. After these nobody knows whether a
// job was taken; whoever reads "refused" into one of them submits twice.
const NOBODY_KNOWS =
  /contact|timed? ?out|zero bytes|transmitted|communicat|connect|temporar|try again|unexpected m|protocol|authenticat|credential|munge|reset by peer|broken pipe|shut ?down|standby|unreachable|no route|configuration source|dns srv|header|interrupted|cannot allocate|i\/o error|no space|socket|(?:send|receive) failure|message length|unspecified|not respond/i;

/** Whether a failed command would perhaps succeed later. */
export function isPassing({ stderr, signal }: Finished): boolean {
  return signal !== null || stderr.trim() === "" || NOBODY_KNOWS.test(stderr);
}

/** What a command said last, in one line. */
export function words({ stderr, code, signal }: Finished): string {
  const said = stderr
    .trim()
    .split(/\s*\n\s*/)
    .join("; ");
  const end = signal === null ? `It ended with ${code}` : `It was ended by ${signal}`;
  return said === "" ? `${end} and said nothing.` : /[.!?]$/.test(said) ? said : `${said}.`;
}

/** Slurm did not answer, or the answer was none. */
export function unreachable(command: string, finished: Finished): ExecutorUnreachableError {
  return new ExecutorUnreachableError(SLURM, `${command} said: ${words(finished)}`);
}

/** What the failure of an sbatch means. */
export function submissionFailure(finished: Finished): ExecutorRefusedError | ExecutorUnreachableError {
  return isPassing(finished) ? unreachable("sbatch", finished) : new ExecutorRefusedError(SLURM, words(finished));
}
