// Loaded before a program: it does not listen to what is told to it before its time is up, and has to be killed.
const SILENCED: ReadonlySet<unknown> = new Set(["SIGUSR1", "SIGTERM"]);
const listen = process.on.bind(process) as (
  event: string | symbol,
  listener: (...args: never[]) => void,
) => NodeJS.Process;

for (const signal of ["SIGUSR1", "SIGTERM"]) listen(signal, () => undefined);
for (const name of ["on", "once", "addListener"] as const) {
  Object.defineProperty(process, name, {
    value: (event: string | symbol, listener: (...args: never[]) => void) =>
      SILENCED.has(event) ? process : listen(event, listener),
  });
}
