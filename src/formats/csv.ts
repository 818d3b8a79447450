/**
 * Splits comma-separated text into rows of fields, double quotes as in RFC 4180. Hostile input: linear, never throws; a quote that is never
 * closed takes the rest of the text, and rows beyond `maxRows` are left out.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function parseCsv(text: string, maxRows = 1_000_000): readonly (readonly string[])[] {
  if (!text.includes('"')) return parseUnquoted(text, maxRows);
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length && rows.length < maxRows) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    row.push(field.value);
    at = field.end;
    if (text[at] === ',') {
      at += 1;
      if (at < text.length) continue;
      row.push('');
    }
    rows.push(row);
    row = [];
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
  }
  return rows.filter((fields) => fields.length > 1 || fields[0] !== '');
}

function parseUnquoted(text: string, maxRows: number): readonly (readonly string[])[] {
  const rows: string[][] = [];
  for (const line of text.split(/\r?\n|\r/)) {
    if (line === '') continue;
    if (rows.length >= maxRows) break;
    rows.push(line.split(','));
  }
  return rows;
}

interface Field {
  readonly value: string;
  /** Index of the comma or line end behind it. */
  readonly end: number;
}

function plainField(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number): Field {
  let at = start + 1;
  let value = '';
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      const rest = plainField(text, quote + 1);
      return { value: value + rest.value, end: rest.end };
    }
    value += '"';
    at = quote + 2;
  }
}
