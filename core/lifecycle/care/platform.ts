import type { PackedEngine } from "./pack-list.ts";

type Platform = NonNullable<PackedEngine["platform"]>;

/** What native code must be made for to run here. */
export function currentPlatform(): Platform {
  return { os: process.platform, arch: process.arch, libc: process.platform === "linux" ? libc() : null };
}

/** `linux, x64, glibc` */
export function describePlatform({ os, arch, libc }: Platform): string {
  return [os, arch, ...(libc === null ? [] : [libc])].join(", ");
}

function libc(): string {
  const { header } = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: unknown } };
  return header?.glibcVersionRuntime === undefined ? "musl" : "glibc";
}
