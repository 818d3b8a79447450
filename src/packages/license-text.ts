import { createHash } from 'node:crypto';
import fingerprints from './license-texts.json' with { type: 'json' };

/** Longer texts are not one of the licences known here. */
const MAX_CHARS = 64 * 1024;

const BY_FINGERPRINT: ReadonlyMap<string, string> = new Map(
  Object.entries(fingerprints).flatMap(([id, hexes]) => hexes.map((hex): [string, string] => [hex, id])),
);

/** Lines that name who holds the rights; not those in which a sentence only happens to begin with the word. */
const COPYRIGHT =
  /^\W*(?:portions )?(?:copyright(?!\s+(?:notices?|holders?|owners?|licen[cs]es?|and|or|laws?|is|in|to|statements?|interests?)\b)|\(c\)\s*(?:\d|<|\[)|©)/i;
const RESERVED = /^\W*all rights reserved\W*$/i;
const TITLE =
  /^\W*(?:the )?(?:(?:mit|expat|isc|zlib|new bsd|modified bsd|simplified bsd|revised bsd|bsd|[23][- ]clause bsd|bsd [23][- ]clause|mit no attribution)(?: "?(?:new|revised|simplified|modified)"?(?: or "?(?:new|revised|simplified)"?)?)?(?: licen[cs]e)?|boost software license - version 1\.0 - august 17th, 2003)(?: ?\((?:mit|isc|expat|bsd|mit-0|bsd-[23]-clause|[23]-clause bsd)\))?\W*$/i;
const LIST_MARK = /^\s*(?:\(?[0-9a-f][.)]|[*•-])\s+/i;
/** Apache's instructions for use may be left out and have names filled in. */
const APPENDIX = / appendix how to apply the apache license to your work .{0,2000} limitations under the license$/;
/** Where the family of BSD texts names who made it. */
const NAMES = [
  [/ as is and .{1,80}? disclaims? all warranties /, ' as is and they disclaim all warranties '],
  [/ is provided by .{1,120}? as is /, ' is provided by them as is '],
  [/ in no event shall .{1,120}? be liable /, ' in no event shall they be liable '],
  [
    / neither the names? of .{1,160}? nor the names of .{1,40}?contributors /,
    ' neither name nor those of contributors ',
  ],
] as const;

/**
 * The licence whose whole text this is, by SPDX identifier. Only certain ones: the words must be exactly those of the licence; white space, punctuation, titles, list
 * marks and the lines and places that name the holder of the rights do not count. The GNU licences, MPL-2.0 and OFL-1.1 are
 * not told, since their text does not say which of their variants is meant. `license-texts.json` holds the first 128 bits of the SHA-256 of each licence's words. Hostile input; never throws; linear time.
 * @returns undefined for any other text, also for two licences in one
 * @see https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/
 */
export function classifyLicenseText(text: string): string | undefined {
  if (text.length > MAX_CHARS) return undefined;
  // what two copies of one licence have in common
  const fingerprint = createHash('sha256').update(wordsOf(text)).digest('hex').slice(0, 32);
  return BY_FINGERPRINT.get(fingerprint);
}

function wordsOf(text: string): string {
  const kept = text
    .split(/\r?\n/)
    .filter((line) => !isAside(line))
    .map((line) => (line.length > 1000 ? line : line.replace(LIST_MARK, '')));
  let words = ` ${(
    kept
      .join(' ')
      .toLowerCase()
      .replaceAll('licence', 'license')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).join(' ')} `;
  for (const [pattern, replacement] of NAMES) words = words.replace(pattern, replacement);
  return words.trim().replace(APPENDIX, '');
}

function isAside(line: string): boolean {
  if (line.length > 300) return false;
  const trimmed = line.trim();
  return COPYRIGHT.test(trimmed) || RESERVED.test(trimmed) || TITLE.test(trimmed);
}
