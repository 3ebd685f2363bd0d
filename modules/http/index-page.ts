/** What a listing of a folder links to, directly below it. */
export interface IndexPage {
  /** As in the URL: spaces are `%20`. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Reads the listing that Apache, nginx and the like make of a folder; `undefined` for any other page. Their titles begin
 * with "Index of" (Apache, nginx, lighttpd) or "Directory listing" (Python), and each entry is one link.
 */
export function readIndexPage(html: string, url: URL): IndexPage | undefined {
  if (!/<title>\s*(Index of|Directory listing)/i.test(html)) return undefined;
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const [, double, single] of html.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)) {
    const href = (double ?? single ?? "").replaceAll("&amp;", "&");
    const name = nameBelow(href, url);
    if (name === undefined) continue;
    if (name.endsWith("/")) folders.add(name.slice(0, -1));
    else files.add(name);
  }
  return { files: [...files], folders: [...folders] };
}

/** Links up, to other servers, and those that sort the listing are no entries. */
function nameBelow(href: string, folder: URL): string | undefined {
  if (!URL.canParse(href, folder.href)) return undefined;
  const target = new URL(href, folder);
  if (target.origin !== folder.origin || target.search !== "" || !target.pathname.startsWith(folder.pathname)) {
    return undefined;
  }
  const name = target.pathname.slice(folder.pathname.length);
  return /^[^/]+\/?$/.test(name) ? name : undefined;
}
