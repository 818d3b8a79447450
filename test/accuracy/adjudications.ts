import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findingKey, type Finding } from './finding.ts';

/** Who lists a package that the other does not. */
export type Side = 'theirs' | 'ours';

/**
 * - `peer-wrong`: what the peer says is not so
 * - `peer-misses`: it is there, and the peer does not see it
 * - `same-package`: both have it, and write it in different ways; ours is the better one
 * - `not-a-package`: the peer lists something that nobody installs or updates: fixtures, files of another package
 * - `open`: ours is wrong; this fails until it is repaired
 */
const VERDICTS = ['peer-wrong', 'peer-misses', 'same-package', 'not-a-package', 'open'] as const;

/**
 * What must hold besides, for the judgement to stand.
 * - `same-...`: the other side lists one of the same type with the same place, or last part of the name, or version
 * - `inside-another`: the other side lists the installed npm package whose folder it is in, with no `node_modules` between
 * - `evidence`: it is put away as evidence of another component of ours
 */
const CONDITIONS = [
  'same-place',
  'same-place-and-version',
  'same-place-and-name',
  'same-last-name-and-version',
  'inside-another',
  'evidence',
] as const;

type Condition = (typeof CONDITIONS)[number];

/** One row of adjudications.json. */
export interface Adjudication {
  /** Of a peer or an oracle: `syft`, `npm ls --all`. */
  readonly tool: string;
  readonly side: Side;
  /** `type/name@version`; `*` stands for any text. */
  readonly packages: string;
  /** Where: the place must match, `*` again. */
  readonly at?: string;
  readonly images?: readonly string[];
  readonly when?: Condition;
  readonly verdict: (typeof VERDICTS)[number];
  readonly reason: string;
}

/** Reads the table; throws when a row is none. */
export async function readAdjudications(): Promise<readonly Adjudication[]> {
  return parseAdjudications(await readFile(join(import.meta.dirname, 'adjudications.json'), 'utf8'));
}

/** Every package of a type: no difference that comes up later would be looked at. */
const WHOLE_TYPE = /^[^/]*\/\*+(?:@\**)?$/;

/** No place at all. */
const ANYWHERE = /^\/?\**$/;

/** Throws when a row is none, or settles whatever a type has, wherever it lies; a condition alone does not bind a row. */
export function parseAdjudications(text: string): readonly Adjudication[] {
  const rows = JSON.parse(text) as readonly Adjudication[];
  for (const row of rows) {
    const known = VERDICTS.includes(row.verdict) && (row.when === undefined || CONDITIONS.includes(row.when));
    if (!known || !['theirs', 'ours'].includes(row.side) || row.reason.length < 20)
      throw new Error(`not an adjudication: ${JSON.stringify(row)}`);
    if (WHOLE_TYPE.test(row.packages) && ANYWHERE.test(row.at ?? '*'))
      throw new Error(`settles a whole type: ${JSON.stringify(row)}`);
  }
  return rows;
}

/** What a difference is judged by. */
export interface Case {
  readonly tool: string;
  readonly side: Side;
  readonly image: string;
  readonly finding: Finding;
  /** All that the side without it lists. */
  readonly others: readonly Finding[];
}

/** The first row that settles the case. */
export function adjudicate(
  rows: readonly Adjudication[],
  { tool, side, image, finding, others }: Case,
): Adjudication | undefined {
  const key = findingKey(finding);
  return rows.find(
    (row) =>
      row.tool === tool &&
      row.side === side &&
      (row.images === undefined || row.images.includes(image)) &&
      matches(row.packages, key) &&
      (row.at === undefined || finding.places.some((place) => matches(row.at ?? '', place))) &&
      (row.when === undefined ||
        (row.when === 'evidence' && finding.evidence === true) ||
        others.some((other) => holds(row.when ?? 'same-place', finding, other))),
  );
}

function holds(condition: Condition, finding: Finding, other: Finding): boolean {
  if (finding.type !== other.type || condition === 'evidence') return false;
  if (condition === 'inside-another')
    return finding.places.some((place) => other.places.some((above) => isInside(place, above)));
  if (condition === 'same-last-name-and-version')
    return lastName(finding) === lastName(other) && finding.version === other.version;
  if (!finding.places.some((place) => other.places.some((another) => samePlace(place, another)))) return false;
  if (condition === 'same-place-and-version') return finding.version === other.version;
  return condition === 'same-place' || lastName(finding) === lastName(other);
}

/** Whether a place is in the folder of an installed npm package, but not of one installed below that. */
function isInside(place: string, above: string): boolean {
  if (!/\/node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(above)) return false;
  const folder = above.slice(0, above.lastIndexOf('/') + 1);
  const rest = place.slice(folder.length);
  return place.startsWith(folder) && rest.includes('/') && !rest.includes('node_modules/');
}

function samePlace(a: string, b: string): boolean {
  return a === b || metadataFolder(a) === metadataFolder(b);
}

/** Of a Python distribution the folder counts, whichever of its files a tool names. */
function metadataFolder(place: string): string {
  return place.replace(/(\.(?:dist|egg)-info)\/[^/]+$/, '$1');
}

function lastName({ name }: Finding): string {
  return name.split('/').at(-1) ?? '';
}

/** Linear: pieces between stars are looked for from left to right. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0 || at + piece.length > end) return false;
    from = at + piece.length;
  }
  return true;
}
