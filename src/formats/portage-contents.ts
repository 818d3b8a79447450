import { decodeName } from './tar/name.ts';

/** One line of portage's CONTENTS. */
export interface PortageContent {
  readonly kind: 'obj' | 'sym' | 'dir' | 'other';
  /** Absolute. */
  readonly path: string;
  /** MD5 of a regular file, in hex. */
  readonly md5?: string;
  /** Of a link. */
  readonly target?: string;
}

export interface PortageContents {
  readonly contents: readonly PortageContent[];
  /** Numbers, from 1, of lines that cannot be read; the first 100. */
  readonly badLines: readonly number[];
}

const MAX_LINES = 1_000_000;
const MAX_LINE_CHARS = 16 * 1024;
const MAX_BAD_LINES = 100;
const OBJECT = / ([0-9a-f]{32}) \d{1,20}$/;
const LINK = / \d{1,20}$/;

/**
 * Parses CONTENTS: `obj PATH MD5 MTIME`, `sym PATH -> TARGET MTIME`, `dir PATH`, and `fif`, `dev` which no image has. Paths may hold spaces. Hostile input:
 * never throws, linear.
 * @see https://projects.gentoo.org/pms/8/pms.html
 */
export function parsePortageContents(bytes: Uint8Array): PortageContents {
  const contents: PortageContent[] = [];
  const badLines: number[] = [];
  for (const [index, line] of decodeName(bytes).split('\n', MAX_LINES).entries()) {
    if (line === '') continue;
    const content = line.length > MAX_LINE_CHARS ? undefined : contentOf(line.slice(0, 3), line.slice(4));
    if (content?.path.startsWith('/') === true) contents.push(content);
    else if (badLines.length < MAX_BAD_LINES) badLines.push(index + 1);
  }
  return { contents, badLines };
}

function contentOf(kind: string, rest: string): PortageContent | undefined {
  if (kind === 'dir') return { kind, path: rest };
  if (kind === 'fif' || kind === 'dev') return { kind: 'other', path: rest };
  if (kind === 'obj') {
    const match = OBJECT.exec(rest);
    return match === null ? undefined : { kind, path: rest.slice(0, match.index), md5: match[1]! };
  }
  const arrow = rest.indexOf(' -> ');
  if (kind !== 'sym' || arrow <= 0 || !LINK.test(rest)) return undefined;
  return { kind, path: rest.slice(0, arrow), target: rest.slice(arrow + ' -> '.length).replace(LINK, '') };
}
