/**
 * A signal that is aborted by SIGUSR1: whoever runs the process tells that its time is nearly up, as a batch system does some
 * seconds before the limit. Without this, Node.js takes SIGUSR1 for the wish to debug it.
 */
export function toldTimeIsUp(): { readonly signal: AbortSignal } & Disposable {
  const told = new AbortController();
  const tell = (): void => told.abort();
  process.on("SIGUSR1", tell);
  return { signal: told.signal, [Symbol.dispose]: () => void process.off("SIGUSR1", tell) };
}

/**
 * The same for functions that import while they run: TypeScript lowers `using` for Node 20, and in a function that has it
 * leaves the names of imported sources as they are, which are not in the package.
 */
export async function untilToldTimeIsUp<T>(work: (timeIsUp: AbortSignal) => Promise<T>): Promise<T> {
  using timeIsUp = toldTimeIsUp();
  return await work(timeIsUp.signal);
}
