import { RE2JS } from 're2js';
import type { HostBuiltin } from './contract.ts';
import { integerOf } from './term.ts';

interface Found {
  readonly start: number;
  readonly end: number;
  /** By number; undefined where a group took no part. */
  readonly groups: readonly (string | undefined)[];
}

interface Matches {
  readonly found: readonly Found[];
  readonly names: Readonly<Record<string, number>>;
}

/** @see https://www.openpolicyagent.org/docs/policy-reference/builtins/regex */
export const regexReplace: HostBuiltin = {
  name: 'regex.replace',
  call: (text, pattern, value) => {
    if (typeof text !== 'string' || typeof pattern !== 'string' || typeof value !== 'string') return undefined;
    const matches = findAll(pattern, text);
    if (matches === undefined) return undefined;
    let replaced = '';
    let last = 0;
    for (const match of matches.found) {
      replaced += text.slice(last, match.start) + expand(value, match, matches.names);
      last = match.end;
    }
    return replaced + text.slice(last);
  },
};

export const regexSplit: HostBuiltin = {
  name: 'regex.split',
  call: (pattern, text) => {
    if (typeof pattern !== 'string' || typeof text !== 'string') return undefined;
    const matches = findAll(pattern, text);
    if (matches === undefined) return undefined;
    if (pattern !== '' && text === '') return [''];
    const parts: string[] = [];
    let begin = 0;
    let end = 0;
    for (const match of matches.found) {
      end = match.start;
      if (match.end !== 0) parts.push(text.slice(begin, end));
      begin = match.end;
    }
    if (end !== text.length) parts.push(text.slice(begin));
    return parts;
  },
};

export const regexFindN: HostBuiltin = {
  name: 'regex.find_n',
  call: (pattern, text, count) => {
    const most = integerOf(count);
    if (typeof pattern !== 'string' || typeof text !== 'string' || most === undefined) return undefined;
    const matches = findAll(pattern, text);
    if (matches === undefined) return undefined;
    const found = most < 0n ? matches.found : matches.found.slice(0, Number(most));
    return found.map((match) => match.groups[0] ?? '');
  },
};

/** Every match as Go finds them: an empty one that touches the one before is none. Undefined when the pattern is no expression. */
function findAll(pattern: string, text: string): Matches | undefined {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
  const matcher = expression.matcher(text);
  const found: Found[] = [];
  let last = -1;
  while (matcher.find()) {
    const start = matcher.start();
    const end = matcher.end();
    if (start === end && start === last) continue;
    last = end;
    const groups = Array.from({ length: expression.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
    found.push({ start, end, groups });
  }
  return { found, names: expression.namedGroups() };
}

/** Go's templates: `$1`, `$name` (as many word characters as follow), `${name}`, `$$`. */
function expand(template: string, match: Found, names: Readonly<Record<string, number>>): string {
  return template.replaceAll(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (all, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare;
      if (name === undefined) return all === '$$' ? '$' : all;
      const index = /^[0-9]+$/.test(name) ? Number(name) : Object.hasOwn(names, name) ? names[name] : undefined;
      return index === undefined ? '' : (match.groups[index] ?? '');
    },
  );
}
