import type { PatternHit } from '../../formats/index.ts';
import type { Classifier } from './classifier-table.ts';

/** Which version a file's bytes show, and how sure that is. */
export interface FoundVersion {
  readonly version: string;
  readonly confidence: number;
  /** What was read, for people: at most 80 printable characters. */
  readonly seen: string;
  /** Groups of the match, for templates. */
  readonly groups: Readonly<Record<string, string>>;
  /** Versions that the same pattern found elsewhere in the file. */
  readonly others: readonly string[];
}

interface Candidate {
  readonly version: string;
  readonly hit: PatternHit;
}

const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+_~-]{0,63}$/;
const CONFIDENCE = 0.9;
/** Of a version that another one in the same file contradicts. */
const CONTRADICTED = 0.3;
const MAX_OTHERS = 10;

/**
 * Chooses among matches. The first pattern of the classifier (the most specific) that found anything decides. When it found several versions, those
 * that are only the beginning of another one do not count; of what remains the first in the file is taken, with the confidence of a guess, and the
 * others are told.
 * @param lines with what the version must begin, from the file's name: `3.11`
 * @returns undefined when nothing matched, something that the program has is missing, or there is what only another program has
 */
export function chooseVersion(
  classifier: Classifier,
  hits: readonly PatternHit[],
  lines: readonly string[],
): FoundVersion | undefined {
  if (hits.some(({ id }) => id.startsWith('not'))) return undefined;
  const { needs = [] } = classifier;
  if (!needs.every((_, index) => hits.some(({ id }) => id === `needs${index}`))) return undefined;
  for (const [index, pattern] of classifier.patterns.entries()) {
    const candidates = hits
      .filter(({ id }) => id === `${index}`)
      .flatMap((hit): readonly Candidate[] => {
        const version = versionOf(classifier, hit);
        return version !== undefined && lines.every((line) => isOfLine(version, line)) ? [{ version, hit }] : [];
      })
      .toSorted((a, b) => a.hit.offset - b.hit.offset);
    const found = choose(candidates, pattern.confidence ?? CONFIDENCE);
    if (found !== undefined) return found;
  }
  return undefined;
}

function versionOf(classifier: Classifier, { groups }: PatternHit): string | undefined {
  const version =
    classifier.version === undefined
      ? groups['version']
      : classifier.version.replaceAll(/\{(\w+)\}/g, (_, name: string) => `${Number(groups[name])}`);
  return version !== undefined && VERSION.test(version) ? version : undefined;
}

function isOfLine(version: string, line: string): boolean {
  return version.startsWith(line) && !/^\d/.test(version.slice(line.length));
}

function choose(candidates: readonly Candidate[], confidence: number): FoundVersion | undefined {
  const versions = [...new Set(candidates.map(({ version }) => version))];
  const whole = versions.filter((version) => !versions.some((other) => other !== version && isOfLine(other, version)));
  const first = candidates.find(({ version }) => whole.includes(version));
  if (first === undefined) return undefined;
  const others = whole.filter((version) => version !== first.version).slice(0, MAX_OTHERS);
  return {
    version: first.version,
    confidence: others.length === 0 ? confidence : Math.min(CONTRADICTED, confidence),
    seen: printable(first.hit.text),
    groups: first.hit.groups,
    others,
  };
}

function printable(text: string): string {
  return text
    .replaceAll(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, 80);
}
