import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Networks that are no part of the public internet: RFC 6890 and the registries of special addresses it began. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["::", 128],
  ["::1", 128],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(network, bits, "ipv6");
}

/**
 * The private address that a host has, if any. A name that cannot be looked up here has none: a proxy may know it, and
 * without one the request fails anyway. A name may change its address between this look and the request.
 */
export async function privateAddress(hostname: string): Promise<string | undefined> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }).catch(() => []) : [{ address: host }];
  return addresses.map(({ address }) => address).find(isPrivate);
}

function isPrivate(address: string): boolean {
  // An IPv4 address within IPv6 is that IPv4 address.
  if (isIP(address) === 4) return PRIVATE.check(address, "ipv4");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped === undefined ? PRIVATE.check(address, "ipv6") : PRIVATE.check(mapped, "ipv4");
}
