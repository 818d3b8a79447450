/** `1.2.3a_rc1_p2-r4`; a hash of a commit (`~abc`) has no order. */
const VERSION = /^[0-9]+(?:\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(?:-r[0-9]+)?$/;
const MAX_CHARS = 256;
const MAX_DIGITS = 15;

/** Suffixes of what comes before a release, and after. */
const BEFORE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER = ['cvs', 'svn', 'git', 'hg', 'p'];

/** Kinds of parts; where one version has one kind and the other another, the later kind is the lower version. */
const Kind = { zeros: 0, digits: 1, letter: 2, suffix: 3, suffixNumber: 4, revision: 5, end: 6 } as const;

interface Part {
  readonly kind: number;
  readonly value: number;
}

const PART =
  /(?<zeros>\.0+)(?<rest>[0-9]*)|\.?(?<digits>[0-9]+)|(?<letter>[a-z])|_(?<suffix>[a-z]+)(?<number>[0-9]*)|-r(?<revision>[0-9]+)/y;

/**
 * The order of two versions of Alpine's packages; undefined where one is none.
 * @see https://git.alpinelinux.org/apk-tools/tree/src/version.c
 */
export function compareApk(a: string, b: string): number | undefined {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left === undefined || right === undefined) return undefined;
  for (let index = 0; ; index += 1) {
    const [one, two] = [left[index] ?? END, right[index] ?? END];
    if (one.kind !== two.kind) return compareKinds(one, two);
    if (one.value !== two.value) return one.value - two.value;
    if (one.kind === Kind.end) return 0;
  }
}

const END: Part = { kind: Kind.end, value: 0 };

/** What goes on is newer, unless with what comes before a release. */
function compareKinds(one: Part, two: Part): number {
  if (one.kind === Kind.suffix && one.value < 0) return -1;
  if (two.kind === Kind.suffix && two.value < 0) return 1;
  return two.kind - one.kind;
}

function partsOf(version: string): readonly Part[] | undefined {
  if (version.length > MAX_CHARS || !VERSION.test(version)) return undefined;
  const parts: Part[] = [];
  const add = (kind: number, digits: string | undefined): void => {
    if (digits !== undefined) parts.push({ kind, value: digits.length > MAX_DIGITS ? Number.NaN : Number(digits) });
  };
  let end = 0;
  while (end < version.length) {
    PART.lastIndex = end;
    const match = PART.exec(version);
    if (match === null) return undefined;
    end = PART.lastIndex;
    const { zeros, rest, digits, letter, suffix, number, revision } = match.groups ?? {};
    if (zeros !== undefined) {
      // zeros in front count before the number behind them: 1.05 is older than 1.5
      parts.push({ kind: Kind.zeros, value: 1 - zeros.length });
      add(Kind.digits, rest);
    }
    add(parts.length === 0 ? Kind.digits : Kind.zeros, digits);
    if (letter !== undefined) parts.push({ kind: Kind.letter, value: letter.charCodeAt(0) });
    if (suffix !== undefined) {
      const before = BEFORE.indexOf(suffix);
      parts.push({ kind: Kind.suffix, value: before === -1 ? AFTER.indexOf(suffix) : before - BEFORE.length });
      if (number !== '') add(Kind.suffixNumber, number);
    }
    add(Kind.revision, revision);
  }
  return parts.some(({ value }) => Number.isNaN(value)) ? undefined : parts;
}
