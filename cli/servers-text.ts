import { harmless } from "./harmless.ts";
import type { ServersStatus } from "./serve-batch.ts";
import { formatTable } from "./table.ts";

/** Elements and the servers that have registered. */
export function serversText({ twin, nodes, job, elements, servers, problems }: ServersStatus): string {
  const counts = new Map<string, number>();
  for (const { state } of elements) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const alive = servers.filter(({ isAlive }) => isAlive).length;
  const columns = ["server", "is", "since", "serves"].map((name) => ({ name }));
  const rows = servers.map(({ address, isAlive, startedAt, models }) => {
    return [address, isAlive ? "alive" : "silent", startedAt, models.join(", ")];
  });
  return harmless(
    [
      `serving ${twin.name} (${twin.version.slice(0, 19)}): ${alive} of ${nodes} servers alive; array ${job ?? "unknown"}: ${states || "not heard of"}`,
      ...(rows.length > 0 ? [formatTable({ columns, rows })] : []),
      ...problems,
    ].join("\n"),
  );
}
