import type * as Yaml from 'yaml';
import { isAbsurdlyNested } from './absurd-nesting.ts';

/** What parses YAML, and how it must be told to. */
export interface YamlReader {
  readonly yaml: typeof Yaml;
  /** YAML 1.2 (core schema; JSON is part of it) and nothing beyond it. Keys that stand twice are for the caller to find. */
  readonly options: Readonly<Yaml.ParseOptions & Yaml.DocumentOptions & Yaml.SchemaOptions>;
  /** Where an offset into the text that was parsed is; both from 1. */
  at(offset: number): { readonly line: number; readonly column: number };
}

/** What was read, or what is the matter with the text: `is nested too deeply`. */
export type HostileYaml<T> = { readonly value: T } | { readonly refused: string };

/** Lines, and items in one line: what the parser's time and memory grow with. Documents of a megabyte have some ten thousand. */
const MAX_PARTS = 400_000;
const TOO_DEEP = { refused: 'is nested too deeply' };

/**
 * Has hostile YAML read, with the settings that all readers share. Loads the parser, which takes some seconds for the worst of four megabytes.
 * @param text its size is the caller's to cap
 * @param read not asked when the text is absurdly nested or has absurdly many lines and items
 */
export async function readHostileYaml<T>(text: string, read: (reader: YamlReader) => T): Promise<HostileYaml<T>> {
  if (isAbsurdlyNested(text)) return TOO_DEEP;
  if (hasTooManyParts(text)) return { refused: 'has more lines or items than any real document' };
  const yaml = await import('yaml');
  const lineCounter = new yaml.LineCounter();
  const options = {
    lineCounter,
    version: '1.2',
    schema: 'core',
    merge: false,
    // the library compares every key with every other; readers do it in linear time
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
    keepSourceTokens: false,
  } as const;
  const at: YamlReader['at'] = (offset) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const { stackTraceLimit } = Error;
  try {
    // the library makes an error of each of a million mistakes: where it did so takes most of the time, and nobody asks
    Error.stackTraceLimit = 0;
    return { value: read({ yaml, options, at }) };
  } catch (error) {
    // a stack overflow, which is the file's fault
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function hasTooManyParts(text: string): boolean {
  let [count, depth] = [0, 0];
  for (let index = 0; index < text.length && count <= MAX_PARTS; index += 1) {
    const code = text.charCodeAt(index);
    // line feed, comma, dash before a space
    if (code === 0x0a || code === 0x2c || (code === 0x2d && text.charCodeAt(index + 1) === 0x20)) count += 1;
    else if (code === 0x5b || code === 0x7b) {
      count += 1;
      depth += 1;
    } else if (code === 0x5d || code === 0x7d) {
      // what closes nothing is a mistake of its own
      if (depth === 0) count += 1;
      else depth -= 1;
    }
  }
  return count > MAX_PARTS;
}

/** The value of a scalar of the core schema; null for everything else. */
export function yamlScalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
