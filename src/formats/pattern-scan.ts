/** A pattern over bytes, read as Latin-1. Plain data. */
export interface ScanPattern {
  /** Unique among the patterns of one scan. */
  readonly id: string;
  /** Literal Latin-1 text that is in every match: what matches elsewhere in a window does not count. */
  readonly needle: string;
  /** Source of a regular expression without flags. It must take linear time. */
  readonly pattern: string;
  /** Bytes of the window before the needle's start, and from its start on. */
  readonly before: number;
  readonly after: number;
}

/** What a pattern matched. */
export interface PatternHit {
  /** The pattern's. */
  readonly id: string;
  /** Where the match begins in the file. */
  readonly offset: number;
  /** Latin-1, cut at 256 characters. */
  readonly text: string;
  /** Named groups that took part, cut likewise. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Patterns ready to be looked for in any number of files. */
export interface PatternSet {
  readonly patterns: readonly CompiledPattern[];
  /** Bytes that a window reaches at most back from a needle's start, and ahead of it. */
  readonly back: number;
  readonly ahead: number;
}

interface CompiledPattern extends Pick<ScanPattern, 'id' | 'before' | 'after'> {
  readonly needle: Buffer;
  /** The part of the needle that is searched for, and where it lies in it. */
  readonly probe: Buffer;
  readonly probeAt: number;
  readonly regex: RegExp;
}

/** Distinct matches per pattern; windows looked into per pattern, in bytes; characters of all matches of a file. */
const MAX_HITS = 64;
const MAX_WINDOW_BYTES = 16 * 1024 * 1024;
const MAX_RESULT_CHARACTERS = 256 * 1024;
const MAX_TEXT = 256;
/** Probes of one pattern in one file that were no needle: after these the needle itself is searched for, which made-up files cannot make slow. */
const MAX_MISSES = 4096;
const MAX_REACH = 4096;
/** Longer needles are searched for in another way that is several times slower. */
const PROBE_BYTES = 6;
const MIN_PROBE_BYTES = 3;
/** Printable characters of programs, the most frequent first (measured over some large ones); what is not here is rarer still. */
const FREQUENT = 'H $tALeDIran1Eiofsl0u_d(Bcp@P8S9TMhmCN.U`)=-%|g]xvG24\\,bF5yR;[7<:OXV!k3w\'/KW}6"Z+{J^#j>*~&?QzqY';

/** @throws TypeError when a pattern is no regular expression, or a needle has fewer than three characters: a mistake in the rules, not in the input */
export function compilePatterns(patterns: readonly ScanPattern[]): PatternSet {
  const compiled = patterns.map((pattern): CompiledPattern => {
    const needle = Buffer.from(pattern.needle, 'latin1');
    if (needle.length < MIN_PROBE_BYTES) throw new TypeError(`the needle of ${pattern.id} is too short`);
    const probeAt = rarestStart(pattern.needle);
    return {
      id: pattern.id,
      before: clamp(pattern.before),
      after: Math.max(needle.length, clamp(pattern.after)),
      needle,
      probe: needle.subarray(probeAt, probeAt + PROBE_BYTES),
      probeAt,
      regex: new RegExp(pattern.pattern, 'g'),
    };
  });
  return {
    patterns: compiled,
    back: compiled.reduce((most, { before }) => Math.max(most, before), 0),
    ahead: compiled.reduce((most, { after }) => Math.max(most, after), 1),
  };
}

function clamp(bytes: number): number {
  return Math.min(MAX_REACH, Math.max(0, bytes));
}

/** Searching begins with the probe's first byte: the rarer it is in programs, the faster. */
function rarestStart(needle: string): number {
  let best = 0;
  let bestRank = -1;
  for (let at = 0; at + MIN_PROBE_BYTES <= needle.length; at += 1) {
    const character = needle[at] as string;
    const position = FREQUENT.indexOf(character);
    const rank = character === '\0' ? -1 : position < 0 ? FREQUENT.length : position;
    if (rank > bestRank) {
      best = at;
      bestRank = rank;
    }
  }
  return best;
}

/**
 * Looks for patterns in a file that streams by: around every occurrence of a needle a window of the file is matched against the pattern. The result
 * does not depend on how the file is cut into chunks. Hostile bytes: never throws; time is linear in the file's size, and besides a few kilobytes
 * around the last cut only matches are kept.
 */
export class PatternScan {
  readonly #set: PatternSet;
  readonly #states: readonly PatternState[];
  /** The end of what was given so far, from `#carryStart` on: what windows of needles not yet judged reach back to. */
  #carry = Buffer.alloc(0);
  #carryStart = 0;
  /** Needles that start before this offset were judged. */
  #next = 0;
  #end = 0;

  constructor(set: PatternSet) {
    this.#set = set;
    this.#states = set.patterns.map((pattern) => new PatternState(pattern));
  }

  /** Takes the next bytes; they are not kept. */
  add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const { back, ahead } = this.#set;
    const start = this.#end;
    this.#end += chunk.length;
    const seamBytes = start === 0 ? 0 : Math.min(chunk.length, back + ahead);
    if (seamBytes > 0) {
      const seam = Buffer.concat([this.#carry, chunk.subarray(0, seamBytes)]);
      this.#judge(seam, this.#carryStart, start + seamBytes - ahead);
      if (seamBytes === chunk.length) {
        this.#keep(seam, this.#carryStart);
        return;
      }
    }
    this.#judge(chunk, start, this.#end - ahead);
    this.#keep(chunk, start);
  }

  /** No more bytes come. @returns distinct matches, by pattern, then by offset */
  end(): readonly PatternHit[] {
    this.#judge(this.#carry, this.#carryStart, this.#end - 1);
    this.#carry = Buffer.alloc(0);
    let left = MAX_RESULT_CHARACTERS;
    const hits: PatternHit[] = [];
    for (const { hits: found } of this.#states) {
      for (const hit of found) {
        left -= sizeOf(hit);
        if (left < 0) return hits;
        hits.push(hit);
      }
    }
    return hits;
  }

  /** Judges needles that start at offsets up to `last`. @param base offset of the buffer's first byte */
  #judge(buffer: Buffer, base: number, last: number): void {
    if (last < this.#next) return;
    const from = this.#next - base;
    for (const state of this.#states) state.search(buffer, { base, from, to: last - base });
    this.#next = last + 1;
  }

  #keep(buffer: Buffer, base: number): void {
    const start = Math.max(base, this.#next - this.#set.back);
    this.#carry = Buffer.from(buffer.subarray(start - base));
    this.#carryStart = start;
  }
}

function sizeOf(hit: PatternHit): number {
  return Object.entries(hit.groups).reduce((sum, [name, value]) => sum + name.length + value.length, hit.text.length);
}

/** One pattern's progress in one file. */
class PatternState {
  readonly #pattern: CompiledPattern;
  readonly #seen = new Set<string>();
  readonly hits: PatternHit[] = [];
  #windowBytes = 0;
  #misses = 0;

  constructor(pattern: CompiledPattern) {
    this.#pattern = pattern;
  }

  /** @param range offset of the buffer, and the first and last position in it where a needle may start */
  search(buffer: Buffer, range: { base: number; from: number; to: number }): void {
    const { needle } = this.#pattern;
    let [probe, probeAt] = this.#probe;
    let part = buffer.subarray(0, range.to + probeAt + probe.length);
    let at = part.indexOf(probe, range.from + probeAt);
    while (at >= 0 && !this.#isExhausted) {
      const start = at - probeAt;
      const end = start + needle.length;
      if (end <= buffer.length && buffer.compare(needle, 0, needle.length, start, end) === 0) {
        this.#look(buffer, start, range.base);
      } else if (++this.#misses === MAX_MISSES) {
        [probe, probeAt] = this.#probe;
        part = buffer.subarray(0, range.to + probe.length);
        at = start;
      }
      at = part.indexOf(probe, at + 1);
    }
  }

  /** What is searched for, and where it lies in the needle. */
  get #probe(): readonly [Buffer, number] {
    const { needle, probe, probeAt } = this.#pattern;
    return this.#misses < MAX_MISSES ? [probe, probeAt] : [needle, 0];
  }

  get #isExhausted(): boolean {
    return this.hits.length >= MAX_HITS || this.#windowBytes > MAX_WINDOW_BYTES;
  }

  #look(buffer: Buffer, start: number, base: number): void {
    const { id, needle, before, after, regex } = this.#pattern;
    const from = Math.max(0, start - before);
    const window = buffer.toString('latin1', from, start + after);
    this.#windowBytes += window.length;
    const match = matchAround(regex, window, { start: start - from, end: start - from + needle.length });
    if (!match) return;
    const groups = Object.entries(match.groups ?? {}).flatMap(([name, value]: [string, string | undefined]) =>
      value === undefined ? [] : [[name, value.slice(0, MAX_TEXT)] as const],
    );
    const text = match[0].slice(0, MAX_TEXT);
    const key = JSON.stringify([text, groups]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.hits.push({ id, offset: base + from + match.index, text, groups: Object.fromEntries(groups) });
  }
}

/** The first match that has the needle in it. */
function matchAround(regex: RegExp, text: string, needle: { start: number; end: number }): RegExpExecArray | undefined {
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match; match = regex.exec(text)) {
    if (match.index > needle.start) return undefined;
    if (regex.lastIndex >= needle.end) return match;
    if (match[0] === '') regex.lastIndex += 1;
  }
  return undefined;
}
