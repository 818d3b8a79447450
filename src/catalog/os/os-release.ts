/** What an os-release file assigns. */
export interface OsRelease {
  /** Variable name (`ID`, `VERSION_ID`) to value, quotes and escapes resolved; the last assignment counts, as in a shell. */
  readonly values: ReadonlyMap<string, string>;
  /** Lines, from 1, that are neither assignment, comment nor empty, or whose quotes do not close. */
  readonly badLines: readonly number[];
}

const ASSIGNMENT = /^[ \t]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;
/** Characters a backslash escapes inside double quotes; before all others it stands for itself. */
const ESCAPABLE = '"$`\\';
const MAX_BAD_LINES = 20;

/**
 * Parses os-release: assignments as a POSIX shell reads them, without expansion and without running anything. Hostile input: never throws, linear.
 * @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  const badLines: number[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const start = line.trimStart();
    if (start === '' || start.startsWith('#')) continue;
    const match = ASSIGNMENT.exec(line);
    const value = match === null ? undefined : shellWord(match[2]!);
    if (match === null || value === undefined) {
      if (badLines.length < MAX_BAD_LINES) badLines.push(index + 1);
    } else values.set(match[1]!, value);
  }
  return { values, badLines };
}

/** The first word of a shell command line with its quoting removed; undefined when a quote stays open. */
function shellWord(text: string): string | undefined {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === ' ' || char === '\t') break;
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return undefined;
      result += text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      const quoted = doubleQuoted(text, at + 1);
      if (quoted === undefined) return undefined;
      result += quoted.value;
      at = quoted.end;
    } else if (char === '\\') {
      at++;
      result += text[at] ?? '';
    } else result += char;
  }
  return result;
}

function doubleQuoted(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  let value = '';
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { value, end: at };
    const next = text[at + 1];
    if (char === '\\' && next !== undefined && ESCAPABLE.includes(next)) {
      value += next;
      at++;
    } else value += char;
  }
  return undefined;
}
