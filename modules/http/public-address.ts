import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** What is no part of the public internet, by IANA's registry of special addresses (RFC 6890). */
const PRIVATE_V4 = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const) {
  PRIVATE_V4.addSubnet(network, bits, "ipv4");
}
// A list of its own: Node holds IPv4 addresses for parts of "::/3". Public addresses begin with the bits 001; of those, some are for tunnels, which may lead anywhere, and for examples.
const PRIVATE_V6 = new BlockList();
for (const [network, bits] of [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  PRIVATE_V6.addSubnet(network, bits, "ipv6");
}

/** Whether a text is an address that is no part of the public internet. */
export function isPrivate(text: string): boolean {
  const address = text.replace(/%.*/, "");
  if (isIP(address) === 4) return PRIVATE_V4.check(address, "ipv4");
  if (isIP(address) === 0) return false;
  const within = withinIpv6(address);
  return within === undefined ? PRIVATE_V6.check(address, "ipv6") : isPrivate(within);
}

/** The IPv4 address within an IPv6 one, mapped or translated (RFC 6052), which is what is reached. */
function withinIpv6(address: string): string | undefined {
  const { hostname } = new URL(`http://[${address}]/`);
  const [, high, low] = /^\[(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

/**
 * Looks up the addresses of a host for a connection, so that there is no time in which they could change; and fails when
 * one of them is private.
 */
export function publicLookup(refused: (address: string) => Error): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const found = addresses?.find(({ address }) => isPrivate(address));
      const failure = error ?? (found && refused(found.address));
      const [first] = addresses ?? [];
      if (failure || !first) callback(failure ?? new Error(`${hostname} has no address`), "");
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
