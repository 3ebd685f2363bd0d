import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const storeVerify: Command = defineCommand({
  path: ["store", "verify"],
  summary: "Read everything in a store and tell what is wrong",
  description:
    "Logs, manifests and every object, byte by byte. Each problem is told with the versions that need what is damaged, and " +
    "how to repair it; corrupt objects are put in quarantine. The exit code is 1 where something is lost.",
  options: STORE_OPTION,
  example: ["twinloom store verify --store /data/twins", "twinloom store verify --json"],
  run: async (_arguments, choice, io) => {
    const { verifyStore } = await import("../../core/index.ts");
    const { StoreDamagedError } = await import("../errors.ts");
    const { withStore } = await import("../with-store.ts");
    const { folder, findings } = await withStore(choice, io, async (store) => ({
      folder: store.folder,
      findings: await verifyStore(store, {
        signal: io.signal,
        onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "verifying"),
      }),
    }));
    const { problems, checked } = findings;
    for (const { severity, problem, versions, repair } of problems) {
      const { red, yellow } = io.style;
      io.print(`${severity === "error" ? red(severity) : yellow(severity)}: ${problem}`);
      if (versions.length > 0) io.print(`  Needed by ${versions.join(", ")}.`);
      io.print(`  ${repair}`);
    }
    if (!findings.sound) throw new StoreDamagedError(folder, findings);
    if (io.json) return io.printJson({ folder, ...findings });
    const { events, versions, objects, bytes } = checked;
    io.print(`${io.style.green("sound")}: ${versions} versions, ${events} events, ${objects} objects, ${bytes} bytes`);
  },
});
