import { identifyProcess, type ProcessIdentity } from "../../../core/index.ts";

/** Sends a signal to a process and all that it started, but for what has left its group. One that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // On macOS a group of processes that have ended, and were not asked how, says EPERM.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}

/**
 * Ends a process that another supervisor started, and what is left of its group.
 *
 * @param here - This process: of an earlier boot of the machine nothing is left.
 */
export async function endLeftGroup(left: ProcessIdentity, here: ProcessIdentity): Promise<void> {
  if (left.host !== here.host || bootOf(left) !== bootOf(here)) return;
  // No process gets the number of a group that still has members: where another has it, the group is gone. Where none has
  // it, or it has ended and nobody asked how, what it started may live.
  const { started } = await identifyProcess(left.pid);
  if (started !== "" && left.started !== "" && started !== left.started) return;
  signalGroup(left.pid, "SIGKILL");
}

/** Empty where the start of a process does not name the boot. */
function bootOf({ started }: ProcessIdentity): string {
  return /^[0-9a-f-]{36} /.exec(started)?.[0] ?? "";
}
