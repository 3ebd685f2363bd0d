import { isProcessRunning, type ProcessIdentity } from "../../../core/index.ts";

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
  if (!(await isProcessRunning(left)) && isTaken(left.pid)) return;
  signalGroup(left.pid, "SIGKILL");
}

/** Whether a process has the number: no new one gets that of a group which still has members. */
function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Empty where the start of a process does not name the boot. */
function bootOf({ started }: ProcessIdentity): string {
  return /^[0-9a-f-]{36} /.exec(started)?.[0] ?? "";
}
