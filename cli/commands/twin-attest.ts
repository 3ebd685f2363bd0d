import { type Command, defineCommand } from "../command.ts";
import { EVIDENCE_OPTION, REASON_OPTION, STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinAttest: Command = defineCommand({
  path: ["twin", "attest"],
  summary: "Add evidence about a version",
  description:
    "Evidence is kept whole beside the version, which stays as it is. Numbers in it become metrics, under the names that " +
    "lead to them: separation.layer_energy.MeV.value. A file that lies in the folder of a run must be of a run of that " +
    "version. A waiver stands for an audit that there is not; it needs a reason. " +
    "Evidence of a reproduction is what rerun keeps.",
  arguments: { version: { description: VERSION_ARGUMENT } },
  options: {
    kind: {
      kind: "text",
      placeholder: "kind",
      description: "what it is",
      choices: ["validation", "audit", "waiver"],
      default: "validation",
    },
    verdict: {
      kind: "text",
      placeholder: "verdict",
      description: "whether the version passed",
      choices: ["passed", "failed"],
      default: "passed",
    },
    metric: { kind: "text", short: "m", placeholder: "name=number", description: "a metric", many: true },
    ...EVIDENCE_OPTION,
    ...REASON_OPTION,
    ...STORE_OPTION,
  },
  example: [
    "twinloom twin attest ecal@v7 --evidence validation.json",
    "twinloom twin attest ecal@v7 -m auc.high=0.52 -m S.layer_energy=0.0031",
    'twinloom twin attest ecal@v7 --kind waiver --reason "read by two of us"',
  ],
  run: async ({ version: name }, options, io) => {
    const { attestationFrom } = await import("../attestation-from.ts");
    const { shortDigest, versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const { entry, made, descriptor } = await withStore(options, io, async (store) => {
      const entry = await store.resolve(name);
      const made = await attestationFrom(options, { store, entry, cwd: io.cwd });
      const descriptor = await store.attest(entry.digest, made, { reason: options.reason, signal: io.signal });
      return { entry, made, descriptor };
    });
    const { kind, verdict, metrics } = made;
    if (io.json) return io.printJson({ version: entry, attestation: descriptor, kind, verdict, metrics });
    const count = Object.keys(metrics).length;
    io.print(`${versionText(entry)}: ${kind} ${verdict}, ${count === 1 ? "1 metric" : `${count} metrics`}`);
    io.print(shortDigest(descriptor.digest));
  },
});
