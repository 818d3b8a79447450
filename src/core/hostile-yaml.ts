import type * as Yaml from 'yaml';

/** What parses YAML, and how it must be told to. */
export interface YamlReader {
  readonly yaml: typeof Yaml;
  /** YAML 1.2 (core schema; JSON is part of it) and nothing beyond it. Keys that stand twice are for the caller to find. */
  readonly options: Readonly<Yaml.ParseOptions & Yaml.DocumentOptions & Yaml.SchemaOptions>;
  /** Where an offset into the text that was parsed is; both from 1. */
  at(offset: number): { readonly line: number; readonly column: number };
}

/**
 * Has hostile YAML read, with the settings that all readers share. Loads the parser.
 * @param read text that is not absurdly nested
 * @returns undefined for nesting that the parser, which recurses, does not survive
 */
export async function readHostileYaml<T>(read: (reader: YamlReader) => T): Promise<T | undefined> {
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
  try {
    return read({ yaml, options, at });
  } catch (error) {
    // a stack overflow, which is the file's fault
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The value of a scalar of the core schema; null for everything else. */
export function yamlScalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
