import { parseRubyArguments, tryParseRubyLiteral } from '../../formats/index.ts';
import type { GemRequirement } from './gem-version.ts';
import { asText, publicUrl } from './json-fields.ts';

/** What a gemspec says that a catalog can use; what is not a literal there is left out. */
export interface Gemspec {
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Absent for pure Ruby. */
  readonly platform: string | undefined;
  readonly licenses: readonly string[];
  readonly authors: readonly string[];
  readonly summary: string | undefined;
  readonly homepage: string | undefined;
  readonly sourceUrl: string | undefined;
  /** Names of the programs that get a starter in `bin`. */
  readonly executables: readonly string[];
  /** As far as they are listed: installed gemspecs of default gems do. */
  readonly files: readonly string[];
  /** What it needs to run. */
  readonly dependencies: readonly GemRequirement[];
  /** Whether RubyGems wrote it, which marks the beginning. */
  readonly isGenerated: boolean;
}

const ASSIGNMENT =
  /^[ \t]*\w{1,64}\.(name|version|platform|licenses?|authors?|homepage|summary|executables|files|metadata)[ \t]*=(?!=)[ \t]*/;
const DEPENDENCY = /^[ \t]*\w{1,64}\.add_(?:runtime_)?dependency\b[ \t]*\(?/;
const STUB = /^# stub: (\S{1,256}) (\S{1,128}) (\S{1,128}) /;
const MAX_DEPENDENCIES = 1000;

/**
 * Reads a gemspec without running it: RubyGems writes those of installed gems as plain assignments, and people's own mostly are. Hostile input; never throws.
 * @see https://guides.rubygems.org/specification-reference/
 */
export function readGemspec(text: string): Gemspec {
  const found = new Map<string, string | readonly string[]>();
  const dependencies: GemRequirement[] = [];
  let stub: RegExpExecArray | undefined;
  let metadata = '';
  let next = 0;
  for (const line of text.split('\n')) {
    const at = next;
    next += line.length + 1;
    stub ??= line.startsWith('# stub: ') ? (STUB.exec(line) ?? undefined) : undefined;
    const assigned = ASSIGNMENT.exec(line);
    const needs = assigned === null ? DEPENDENCY.exec(line) : null;
    if (assigned !== null) {
      const [start, field = ''] = assigned;
      // the only list without a bound: once is enough
      if (field === 'files' && found.has(field)) continue;
      // a list may go on for lines; the literal is read from where it starts
      const value = tryParseRubyLiteral(rest(text, at + start.length, field));
      if (value !== undefined) found.set(field, value);
      else if (field === 'metadata') metadata = line;
      else if (field === 'files') found.set(field, []);
    } else if (needs !== null && dependencies.length < MAX_DEPENDENCIES) {
      const [name, ...ranges] = parseRubyArguments(line.slice(needs[0].length));
      if (typeof name === 'string') dependencies.push({ name, ranges: ranges.flat() });
    }
  }
  return assemble(found, { stub, metadata, dependencies });
}

interface Rest {
  readonly stub: RegExpExecArray | undefined;
  readonly metadata: string;
  readonly dependencies: readonly GemRequirement[];
}

function assemble(
  found: ReadonlyMap<string, string | readonly string[]>,
  { stub, metadata, dependencies }: Rest,
): Gemspec {
  const text = (field: string): string | undefined => {
    const value = found.get(field);
    return typeof value === 'string' ? asText(value) : undefined;
  };
  const list = (...fields: readonly string[]): readonly string[] =>
    fields.flatMap((field) => found.get(field) ?? []).filter((item) => asText(item) !== undefined);
  const platform = text('platform') ?? stub?.[3];
  return {
    name: text('name') ?? stub?.[1],
    version: text('version') ?? stub?.[2],
    platform: platform === 'ruby' ? undefined : platform,
    licenses: list('licenses', 'license'),
    authors: list('authors', 'author'),
    summary: text('summary'),
    homepage: publicUrl(text('homepage')),
    sourceUrl: publicUrl(/"source_code_uri"(?:\.freeze)? ?=> ?"([^"\\#]{1,2000})"/.exec(metadata)?.[1]),
    executables: list('executables'),
    files: list('files'),
    dependencies,
    isGenerated: stub !== undefined,
  };
}

/** The text from a value on: one line, or for lists a bounded number of characters; the list of files may be long. */
function rest(text: string, from: number, field: string): string {
  if (field === 'files') return text.slice(from);
  const line = text.indexOf('\n', from);
  const first = text[from];
  if (first === '[' || first === '%') return text.slice(from, from + 16_384);
  return text.slice(from, line === -1 ? undefined : line).replace(/^Gem::Version\.new[ (]/, '');
}
