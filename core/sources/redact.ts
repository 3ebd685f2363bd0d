/** Parameters of a query whose values open doors: presigned URLs, tokens. */
const SECRET = /sig|token|key|secret|pass|pwd|credential|auth|session|policy|^code$/i;

/** A location as it may be shown and recorded: without user, password, and the secret values of a query. */
export function redactLocation(location: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return location;
  const [, start = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(location) ?? [];
  const [address = "", ...query] = withoutFragment(location, rest).split("?");
  const authority = address.split("/", 1)[0] ?? "";
  // A password with a "/", "?" or "#" in it makes no URL, and looks like a port.
  if (!authority.includes("@") && /:(?!\d*$)/.test(authority.replace(/^\[[^\]]*\]/, ""))) return `${start}…`;
  const shown = `${start}${address.slice(authority.lastIndexOf("@") + 1)}`;
  if (query.length === 0) return shown;
  const parameters = query
    .join("?")
    .split("&")
    .map((each) => {
      const [name = ""] = each.split("=", 1);
      return SECRET.test(name) ? `${name}=…` : each;
    });
  return `${shown}?${parameters.join("&")}`;
}

/** A key of S3 may hold "#". */
function withoutFragment(location: string, rest: string): string {
  return /^https?:/i.test(location) ? (rest.split("#", 1)[0] ?? "") : rest;
}
