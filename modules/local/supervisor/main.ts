import { LocalFolder } from "../local-folder.ts";
import { Supervisor } from "./supervisor.ts";

// Started by `startSupervisor`, in a session of its own: it outlives whoever submitted.
const [folder = "", places = "1"] = process.argv.slice(2);
const supervisor = new Supervisor(new LocalFolder(folder), { places: Number(places) });
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => supervisor.stop());
await supervisor.run();
