const MAX_LINK_CHARS = 16_384;
const LINK = /<([^<>]{1,8192})>([^<]*)/g;

/**
 * The target of `rel="next"` in a Link header, resolved; undefined when there is none.
 * @param header hostile
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextLink(header: string | undefined, base: URL): URL | undefined {
  if (header === undefined || header.length > MAX_LINK_CHARS) return undefined;
  for (const [, target = '', parameters = ''] of header.matchAll(LINK)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(parameters)) {
      return URL.parse(target, base.href) ?? undefined;
    }
  }
  return undefined;
}
