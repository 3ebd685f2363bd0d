/**
 * Runs tasks beside each other and gives them in their order. At most `window` of them run or wait to be
 * taken, so whoever takes slowly is not run over.
 *
 * @param window - Asked again each time, as it may change.
 * @param begin - Starts a task; called for 0, 1, 2, …
 */
export function* inOrder<T>(
  count: number,
  window: () => number,
  begin: (index: number) => Promise<T>,
): Generator<Promise<T>> {
  const running: Promise<T>[] = [];
  for (let next = 0; next < count || running.length > 0; ) {
    while (next < count && running.length < Math.max(1, window())) {
      const task = begin(next++);
      // Its failure is seen when its turn comes; until then it must not count as unhandled.
      task.catch(() => undefined);
      running.push(task);
    }
    yield running.shift() as Promise<T>;
  }
}
