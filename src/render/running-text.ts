import { styleText } from 'node:util';

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

/** Gives text a colour or a weight. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

/** Paints where colours are on, and leaves text as it is where they are off. */
export function painter(color: boolean): Paint {
  return (text, ...styles) => (color ? styleText([...styles], text, { validateStream: false }) : text);
}

export interface WrapOptions {
  /** Columns; 40 at least. */
  readonly width: number;
  /** Lines that go on are not moved further in than this. */
  readonly maxIndent: number;
}

/**
 * Lines of a text that is wrapped at words and goes on under its own first column.
 * @param prefix ours, perhaps painted
 * @param text safe for a terminal already
 */
export function wrappedLines(prefix: string, text: string, options: WrapOptions): readonly string[] {
  const width = Math.max(40, options.width);
  const indent = ' '.repeat(Math.min(plainLength(prefix), options.maxIndent));
  const [first = '', ...words] = text.split(' ');
  const lines: string[] = [];
  let line = prefix + first;
  let columns = plainLength(prefix) + first.length;
  for (const word of words) {
    if (columns + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
      columns = line.length;
    } else {
      line += ` ${word}`;
      columns += 1 + word.length;
    }
  }
  return [...lines, line];
}

/** Length without what painting added. */
export function plainLength(text: string): number {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '').length;
}
