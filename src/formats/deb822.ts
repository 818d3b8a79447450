/** One paragraph of a control file. */
export interface Deb822Stanza {
  /** Line of its first field, from 1. */
  readonly line: number;
  /**
   * Field name in lower case to its value: the first line trimmed, continuation lines without their one leading space or tab, joined by `\n`.
   * When a field stands twice, the first value counts and a problem is noted.
   */
  readonly fields: ReadonlyMap<string, string>;
}

/** Something that is not as the format wants it; parsing went on. */
export interface Deb822Problem {
  readonly line: number;
  readonly kind: 'not-a-field' | 'duplicate-field' | 'stray-continuation';
  /** At most 80 characters of what was found. */
  readonly text: string;
}

export interface Deb822Document {
  /** Stanzas with at least one field (whether wanted or not), in order. */
  readonly stanzas: readonly Deb822Stanza[];
  /** The first 100 problems. */
  readonly problems: readonly Deb822Problem[];
  /** There were as many stanzas as may be read; the rest was not. */
  readonly truncated: boolean;
}

const MAX_PROBLEMS = 100;
/** A hundred times what a large system has: stanzas of four bytes must not take gigabytes of memory. */
const MAX_STANZAS = 250_000;
const COLON = 58;
const HASH = 35;
const SPACE = 32;
const TAB = 9;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Parses Debian control data: the dpkg database, copyright files, package indexes. Hostile input: never throws, linear in the text's length.
 * Empty lines end a stanza; a line of only white space continues the field, as hand-written files have them, unless a field follows that the stanza has
 * already. Lines that begin with `#` are comments.
 * @param wanted lower-case names of the fields to keep; all when left out
 * @param maxStanzas 250,000 unless told
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb822.5.en.html
 */
export function parseDeb822(
  text: string,
  wanted?: ReadonlySet<string>,
  maxStanzas: number = MAX_STANZAS,
): Deb822Document {
  const stanzas: Deb822Stanza[] = [];
  const problems: Deb822Problem[] = [];
  let fields: Map<string, string> | undefined;
  let stanzaLine = 0;
  /** Name of the field that continuation lines belong to; undefined when they are skipped. */
  let current: string | undefined;
  let inField = false;
  /** Whether the line before is of white space only. */
  let isAfterBlank = false;
  let parts: string[] = [];
  const note = (line: number, kind: Deb822Problem['kind'], from: number, to: number): void => {
    if (problems.length < MAX_PROBLEMS)
      problems.push({ line, kind, text: text.slice(from, Math.min(to, from + 80)).trimEnd() });
  };
  const closeField = (): void => {
    if (current !== undefined) fields?.set(current, parts.length === 1 ? parts[0]! : parts.join('\n'));
    current = undefined;
    inField = false;
  };
  const closeStanza = (): void => {
    closeField();
    if (fields !== undefined) stanzas.push({ line: stanzaLine, fields });
    fields = undefined;
  };

  for (
    let at = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0, line = 1;
    at < text.length && stanzas.length < maxStanzas;
    line++
  ) {
    const newline = text.indexOf('\n', at);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    if (end > at && text.charCodeAt(end - 1) === 13) end--;
    const first = text.charCodeAt(at);
    if (end === at) closeStanza();
    else if (first === SPACE || first === TAB) {
      isAfterBlank = isBlank(text, at, end);
      if (current !== undefined) parts.push(text.slice(at + 1, end).trimEnd());
      else if (!inField && !isAfterBlank) note(line, 'stray-continuation', at, end);
    } else if (first !== HASH) {
      closeField();
      const colon = fieldEnd(text, at, end);
      if (colon === -1) note(line, 'not-a-field', at, end);
      else {
        const name = text.slice(at, colon).trimEnd().toLowerCase();
        if (isAfterBlank && fields?.has(name) === true) closeStanza();
        isAfterBlank = false;
        if (fields === undefined) {
          fields = new Map();
          stanzaLine = line;
        }
        inField = true;
        if (wanted === undefined || wanted.has(name)) {
          if (fields.has(name)) note(line, 'duplicate-field', at, end);
          else {
            current = name;
            parts = [text.slice(colon + 1, end).trim()];
          }
        }
      }
    }
    at = next;
  }
  closeStanza();
  return { stanzas, problems, truncated: stanzas.length >= maxStanzas };
}

function isBlank(text: string, start: number, end: number): boolean {
  let index = start;
  while (index < end && (text.charCodeAt(index) === SPACE || text.charCodeAt(index) === TAB)) index++;
  return index === end;
}

/** Index of the colon after a field name (printable ASCII but space and colon) and any blanks; -1 when the line is no field. */
function fieldEnd(text: string, start: number, end: number): number {
  let isName = true;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === COLON) return index === start ? -1 : index;
    if (code === SPACE || code === TAB) isName = false;
    else if (!isName || code < SPACE || code > 126) return -1;
  }
  return -1;
}
