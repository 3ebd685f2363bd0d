/** Parameters of a query whose values open doors: presigned URLs, tokens. */
const SECRET = /sig|token|key|secret|pass|pwd|credential|auth|session|policy|^code$/i;

/** A location as it may be shown and recorded: without user, password, and the secret values of a query. */
export function redactLocation(location: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return location;
  const [, start = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(location) ?? [];
  const [address = "", ...query] = rest.split("?");
  const at = address.split("/", 1)[0]?.lastIndexOf("@") ?? -1;
  const shown = `${start}${address.slice(at + 1)}`;
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
