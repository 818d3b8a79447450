import type { BytePattern, CaptureRule } from '../../filesystem/index.ts';
import table from './classifiers.json' with { type: 'json' };

/** Bytes that tell a program's version, or that it is another program. */
export interface ClassifierPattern {
  readonly needle: string;
  readonly pattern: string;
  /** Bytes of the window before the needle's start, and from its start on. */
  readonly before: number;
  readonly after: number;
  /** 0 to 1, when the text is the program's own; 0.9 unless told. */
  readonly confidence?: number | undefined;
}

/** One well-known program or library: by which files it is known, and how its version is written in them. */
export interface Classifier {
  readonly id: string;
  readonly title: string;
  /** Exact last segments, starts of last segments, whole trailing segments: as in a capture rule. At least one. */
  readonly names?: readonly string[] | undefined;
  readonly prefixes?: readonly string[] | undefined;
  readonly pathSuffixes?: readonly string[] | undefined;
  /** Regular expression for the whole last segment. Groups `line…` say with which numbers the version must begin. */
  readonly file?: string | undefined;
  /** The most specific first: the first that matches decides. Each has a group `version`, or the groups that `version` names. */
  readonly patterns: readonly ClassifierPattern[];
  /** Each of these must be there too, wherever: what shows that the file is this program where its version alone would not. */
  readonly needs?: readonly ClassifierPattern[] | undefined;
  /** Any of these: the file is another program. */
  readonly not?: readonly ClassifierPattern[] | undefined;
  /** How the version is made of groups that hold numbers: `{a}.{b}.{c}`. Unless told: the group `version`. */
  readonly version?: string | undefined;
  /** `{version}` is the version, `{/vN}` the suffix of a Go module's path (`/v2`), empty below major version 2. */
  readonly purl: string;
  /** CPE 2.3 names; `{name}` is a group, `-` when it is empty. */
  readonly cpes?: readonly string[] | undefined;
  /** SPDX expression of all versions. */
  readonly license?: string | undefined;
  readonly library?: boolean | undefined;
  /** Folders, relative to the file's, that hold nothing but what came with the program; `{version}`, `{major}`, `{minor}`. */
  readonly owns?: readonly string[] | undefined;
  /** The file is text, not an executable. */
  readonly text?: boolean | undefined;
}

/** Every program that is recognised. */
export const CLASSIFIERS: readonly Classifier[] = table;

const GiB = 1024 * 1024 * 1024;
/** Archives of PHP are texts too. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** One rule per program: `binary/nginx`. Its patterns are called `0`, `1`, ..., what it needs `needs0`, ..., what rules it out `not0`, ... */
export function classifierRules(classifiers: readonly Classifier[] = CLASSIFIERS): readonly CaptureRule[] {
  return classifiers.map((classifier): CaptureRule => {
    const { names, prefixes, pathSuffixes, text = false } = classifier;
    return {
      id: ruleId(classifier),
      ...(names === undefined ? {} : { names }),
      ...(prefixes === undefined ? {} : { prefixes }),
      ...(pathSuffixes === undefined ? {} : { pathSuffixes }),
      extract: { kind: 'patterns', patterns: bytePatterns(classifier) },
      maxBytes: text ? MAX_TEXT_BYTES : 2 * GiB,
    };
  });
}

/** Id of a program's capture rule. */
export function ruleId({ id }: Pick<Classifier, 'id'>): string {
  return `binary/${id}`;
}

function bytePatterns({ patterns, needs = [], not = [] }: Classifier): readonly BytePattern[] {
  const all = [
    ...patterns.map((pattern, index) => ({ ...pattern, id: `${index}` })),
    ...needs.map((pattern, index) => ({ ...pattern, id: `needs${index}` })),
    ...not.map((pattern, index) => ({ ...pattern, id: `not${index}` })),
  ];
  return all.map(({ id, needle, pattern, before, after }) => ({ id, needle, pattern, before, after }));
}
