// Seals versions and moves an alias as fast as it can; says what it did. Started several times at once by a test.
import { type Digest, digestBytes } from "../../../../core/index.ts";
import { openStore } from "../../../../core/lifecycle/store.ts";

/** What this process did. */
export interface Written {
  /** Numbers that it was told, by digest. */
  readonly sealed: Record<string, number>;
  /** Moves of the alias that it won. */
  readonly moves: (readonly [from: Digest | null, to: Digest])[];
  /** Moves that somebody else was faster with. */
  lost: number;
}

const [folder = "", writer = "", commits = "0", races = "0"] = process.argv.slice(2);
await using store = await openStore(folder, { actor: `writer-${writer}` });
const log = store.log("ecal");
const written: Written = { sealed: {}, moves: [], lost: 0 };
// All begin together.
await new Promise((resolve) => {
  process.stdin.once("data", resolve);
  process.stdout.write("ready\n");
});
for (let i = 0; i < Number(commits); i++) {
  const { digest, bytes } = await store.objects.put(`${writer}/${i}`);
  await store.objects.flush();
  const event = await log.append(({ versions }) => ({
    type: "sealed",
    version: { mediaType: "text/plain", digest, size: bytes },
    number: versions.size + 1,
  }));
  if (event?.change.type !== "sealed") throw new Error("It was sealed by somebody else.");
  written.sealed[digest] = event.change.number;
  if (i % 4 === 0) await race(digest);
}
for (let i = 0; i < Number(races); i++) await race(digestBytes(`raced ${i % 2}`));
process.stdin.destroy();
process.stdout.write(`${JSON.stringify(written)}\n`);

async function race(to: Digest): Promise<void> {
  const state = await log.read();
  const from = state.aliases.get("champion") ?? null;
  if (from === to) return;
  try {
    await store.moveAlias("ecal@champion", to, { expected: from, reason: `writer ${writer}` });
    written.moves.push([from, to]);
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "TWIN_ALIAS_MOVED") throw error;
    written.lost++;
  }
}
