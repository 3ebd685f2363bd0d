import { type Command, defineCommand } from "../command.ts";
import { NAMED_TWIN, REASON_OPTION, STORE_OPTION } from "../store-options.ts";

export const twinCandidate: Command = defineCommand({
  path: ["twin", "candidate"],
  summary: "Seal a twin with the model that a run has trained",
  description:
    "Takes the ONNX file and the card of a run of the task train, puts them in the place of the twin's own, and seals that as " +
    "a version, a revision of the one it comes from. It is promoted as any other: by evidence (twin attest, twin promote).",
  arguments: { twin: { description: NAMED_TWIN } },
  options: {
    from: { kind: "text", placeholder: "folder", description: "folder of the run that trained", required: true },
    part: {
      kind: "text",
      placeholder: "part",
      description: "part whose network is replaced (default: the only one with an ONNX file)",
    },
    alias: { kind: "text", placeholder: "alias", description: "name to put on the version: candidate" },
    ...REASON_OPTION,
    ...STORE_OPTION,
  },
  example: [
    "twinloom twin candidate ecal@champion --from runs/train-1",
    "twinloom twin candidate twin.yaml --from runs/train-1 --part network --alias candidate",
  ],
  run: async ({ twin }, { from, part, alias, reason, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { sealCandidate } = await import("../../modules/fastsim/index.ts");
    const { loadTwin } = await import("../load-twin.ts");
    const { versionText } = await import("../version-text.ts");
    const { withNewStore } = await import("../with-store.ts");
    const composition = await loadTwin({ twin, store: folder, withdrawn: "refuse" }, io);
    const result = await withNewStore({ store: folder }, io, async (store) => ({
      store: store.folder,
      ...(await sealCandidate(store, composition, {
        ...{ run: resolve(io.cwd, from), part, alias, signal: io.signal },
        ...(reason !== undefined && { reason }),
      })),
    }));
    for (const note of result.notes) io.warn(note);
    if (io.json) return io.printJson(result);
    const { entry, isNew, part: replaced } = result;
    const done = isNew ? io.style.green("sealed") : "unchanged";
    io.print(`${done}: ${versionText(entry)}, part ${replaced} trained by ${result.trainedBy.slice(0, 19)}…`);
  },
});
