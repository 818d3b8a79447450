const MAX_BYTES = 4 * 1024 * 1024;
const MAX_ATTRIBUTES = 2000;

/**
 * Main attributes of a MANIFEST.MF: those before the first empty line; sections of single files do not count. A line that begins with a space goes on
 * with the line before it, without that one space. Hostile input: never throws, linear time, reads at most 4 MiB.
 * @returns by name in lower case; of two with the same name the first counts
 * @see https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html
 */
export function parseManifest(bytes: Buffer): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  let current: string[] = [];
  const add = (): void => {
    const line = current.join('');
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (name !== '' && !attributes.has(name)) attributes.set(name, line.slice(colon + 1).trim());
    current = [];
  };
  const text = bytes.toString('utf8', 0, MAX_BYTES).replace(/^\ufeff/, '');
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith(' ') && current.length > 0) {
      current.push(line.slice(1));
      continue;
    }
    if (current.length > 0) add();
    if (attributes.size >= MAX_ATTRIBUTES) break;
    // an empty line ends the main section; some tools write one before it
    if (line.trim() === '') {
      if (attributes.size > 0) break;
    } else current.push(line);
  }
  if (current.length > 0) add();
  return attributes;
}
