import { isIP } from "node:net";

/** What is wrong with the address of a server; `undefined` where nothing is. */
export function addressProblem(address: string): string | undefined {
  if (/^https?:/i.test(address)) {
    return `"${address}": leave out the scheme; encryption is the option \`tls\`. Give host:port.`;
  }
  if (address.startsWith("unix:")) {
    return address.length > "unix:".length ? undefined : 'It must name the socket: "unix:/run/twinloom.sock".';
  }
  const parts = /^(?:\[([^\]]*)\]|([^:/\s[\]]+)):(\d{1,5})$/.exec(address);
  const port = Number(parts?.[3]);
  if (!parts || port < 1 || port > 65_535) {
    return `"${address}" must be host:port, [IPv6 address]:port or unix:path, such as "gpu-1.example.org:8001".`;
  }
  if (parts[1] !== undefined && isIP(parts[1]) !== 6) return `"${parts[1]}" is no IPv6 address.`;
  return undefined;
}

/** Whether an address leads to this machine alone. */
export function isOnThisMachine(address: string): boolean {
  return /^(?:unix:|localhost:|\[::1\]:|127(?:\.\d{1,3}){3}:)/i.test(address);
}

/** As grpc-js takes it: without a scheme a host is looked up, and a path is not. */
export function targetOf(address: string): string {
  if (address.startsWith("unix:")) return address;
  const host = address.slice(0, address.lastIndexOf(":"));
  if (host.startsWith("[")) return `ipv6:${address}`;
  return isIP(host) === 4 ? `ipv4:${address}` : `dns:${address}`;
}
