import { decodeName } from './tar/name.ts';

/** Section name (`NAME`, `DEPENDS`) to its lines; the first of a name counts. */
export type AlpmSections = ReadonlyMap<string, readonly string[]>;

const MAX_LINES = 2_000_000;
/** Sections of one line, which need no empty one after it. */
const SINGLE: ReadonlySet<string> = new Set(
  'NAME VERSION BASE DESC URL ARCH BUILDDATE INSTALLDATE PACKAGER REASON SIZE SCRIPT'.split(' '),
);
const HEADING = /^%([A-Z0-9_]{1,64})%$/;

/**
 * Parses a file of pacman's local database (`desc`, `files`): headings `%NAME%`, each with lines up to an empty one, or with one line where it has no more by
 * its nature. Hostile input: never throws, linear.
 * @see https://gitlab.archlinux.org/pacman/pacman/-/blob/master/lib/libalpm/be_local.c
 */
export function parseAlpmDesc(bytes: Uint8Array): AlpmSections {
  const sections = new Map<string, string[]>();
  let current: string[] | undefined;
  let isSingle = false;
  const text = decodeName(bytes);
  for (const raw of (text.startsWith('\ufeff') ? text.slice(1) : text).split('\n', MAX_LINES)) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line === '') {
      current = undefined;
      continue;
    }
    const name = current === undefined ? HEADING.exec(line)?.[1] : undefined;
    if (name === undefined) {
      current?.push(line);
      if (isSingle) current = undefined;
    } else {
      current = [];
      isSingle = SINGLE.has(name);
      if (!sections.has(name)) sections.set(name, current);
    }
  }
  return sections;
}
