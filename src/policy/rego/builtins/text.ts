import { createHash } from 'node:crypto';
import type { HostBuiltin } from './contract.ts';
import { goSprintf } from './go-format.ts';
import { isList, numberTerm, textsOf, type Term } from './term.ts';

/** @see https://www.openpolicyagent.org/docs/policy-reference/builtins/strings */
export const sprintf: HostBuiltin = {
  name: 'sprintf',
  call: (format, values) =>
    typeof format === 'string' && values !== undefined && isList(values) ? goSprintf(format, values) : undefined,
};

export const anyPrefixMatch: HostBuiltin = {
  name: 'strings.any_prefix_match',
  call: (search, base) => anyAffix(search, base, (text, affix) => text.startsWith(affix)),
};

export const anySuffixMatch: HostBuiltin = {
  name: 'strings.any_suffix_match',
  call: (search, base) => anyAffix(search, base, (text, affix) => text.endsWith(affix)),
};

function anyAffix(
  search: Term | undefined,
  base: Term | undefined,
  fits: (text: string, affix: string) => boolean,
): boolean | undefined {
  const texts = typeof search === 'string' ? [search] : textsOf(search);
  const affixes = typeof base === 'string' ? [base] : textsOf(base);
  if (texts === undefined || affixes === undefined) return undefined;
  return texts.some((text) => affixes.some((affix) => fits(text, affix)));
}

export const stringsCount: HostBuiltin = {
  name: 'strings.count',
  call: (text, part) => {
    if (typeof text !== 'string' || typeof part !== 'string') return undefined;
    // Go counts the places between characters too
    return numberTerm(part === '' ? characterCount(text) + 1 : text.split(part).length - 1);
  },
};

/** Positions in characters, overlapping ones included. */
export const indexOfN: HostBuiltin = {
  name: 'indexof_n',
  call: (text, part) => {
    if (typeof text !== 'string' || typeof part !== 'string' || part === '') return undefined;
    const positions: Term[] = [];
    let characters = 0;
    let seen = 0;
    for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
      characters += characterCount(text.slice(seen, at));
      seen = at;
      positions.push(numberTerm(characters));
    }
    return positions;
  },
};

function characterCount(text: string): number {
  return Array.from(text).length;
}

export const hexEncode: HostBuiltin = {
  name: 'hex.encode',
  call: (text) => (typeof text === 'string' ? Buffer.from(text).toString('hex') : undefined),
};

export const hexDecode: HostBuiltin = {
  name: 'hex.decode',
  call: (text) => {
    if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
    return Buffer.from(text, 'hex').toString('utf8');
  },
};

export const sha256: HostBuiltin = {
  name: 'crypto.sha256',
  call: (text) => (typeof text === 'string' ? createHash('sha256').update(text).digest('hex') : undefined),
};
