import { type VersionEntry, versionName } from "../core/index.ts";

/** A digest as people compare them: `sha256:0123456789ab…`. */
export function shortDigest(digest: string): string {
  return digest.length > 20 ? `${digest.slice(0, 19)}…` : digest;
}

/** `ecal@v7 (released; champion) sha256:0123456789ab…` */
export function versionText(entry: VersionEntry): string {
  const { state, aliases, digest } = entry;
  return `${versionName(entry)} (${[state, ...aliases].join("; ")}) ${shortDigest(digest)}`;
}

/** A time as tables have it: `2026-11-20 20:45`, UTC. */
export function shortTime(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** The name of a version of a known twin, from what was typed after it: `v7`, `champion`, or a name in full. */
export function nameWithin(twin: string, version: string): string {
  return version.includes("@") || version.startsWith("sha256:") ? version : `${twin}@${version}`;
}
