// A longer timer would fire at once; this is 24 days.
const LONGEST_MS = 2 ** 31 - 1;

/** How long something may take, and who may call it off. */
export interface Deadline {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error when time is up. */
  onTimeout(): Error;
}

/**
 * Waits for work, but no longer than its deadline. The work itself goes on; whoever called must see to it.
 *
 * @throws The error of the work, of `onTimeout`, or the reason of the signal, whichever comes first.
 */
export function within<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
  const { timeoutMs, signal } = deadline;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(signal?.reason));
    const timer = setTimeout(() => settle(() => reject(deadline.onTimeout())), Math.min(timeoutMs, LONGEST_MS));
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
    if (signal?.aborted) onAbort();
  });
}
