import type { Random } from './random.ts';

/** Texts that names, versions, paths and numbers of a hostile image may be. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\u001b[2J\u001b]0;title\u0007',
  'a\r\n::set-output name=x::y',
  '\u202egnp.exe',
  'a\u200bb\ufeff',
  '\ud800',
  '\udfff\ud800x',
  '\uffff\ufffe',
  'e\u0301\u0301\u0301',
  '../../../../etc/passwd',
  '/absolute/path',
  '..',
  '.',
  'C:\\windows\\system32',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '%00%0a%ff%',
  'pkg:npm/x@1?a=b#c',
  '@scope/../x',
  'a@b@c/d?e#f',
  '<script>&amp;]]>',
  '&lol;&#x0;&#xD800;&#99999999999;',
  '${jndi:ldap://x}',
  '"\'`;$(id)|&',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '99999999999999999999999999999999',
  '0x7fffffff',
  'NaN',
  'Infinity',
  '1.0-'.repeat(300),
  'A'.repeat(5000),
  '('.repeat(400),
  'MIT OR '.repeat(400),
  '1.2.3+\u0001',
  '1:2:3:4-5-6',
  '\u{1f4a9}'.repeat(100),
  'ｎａｍｅ',
  'ﬀ',
  'İ',
  'ß',
];

/** Values that a JSON document may hold where something else is expected. */
export function hostileValue(random: Random): unknown {
  switch (random.int(9)) {
    case 0:
      return null;
    case 1:
      return random.pick([0, -1, 1e308, -0, Number.MAX_SAFE_INTEGER + 1, 1.5]);
    case 2:
      return random.pick([true, false]);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return nested(random.pick([2, 40, 3000]));
    case 6:
      return Array.from({ length: random.pick([1, 3, 500]) }, () => random.pick(HOSTILE_TEXTS));
    case 7:
      return JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{}},"length":-1}') as unknown;
    default:
      return random.pick(HOSTILE_TEXTS);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
