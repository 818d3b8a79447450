import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resultJson } from '../../src/cli/result-json.ts';
import { inertXml, safeText } from '../../src/core/index.ts';

/** What the runners of GitHub, Azure and TeamCity take for a command: blanks in front are skipped, brackets may stand anywhere. */
function isCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || /##(?:\[|vso\[|teamcity\[)/.test(line);
}

describe('safeText', () => {
  for (const hostile of [
    '::set-output name=x::y',
    '  ::error::x',
    'harmless ::add-mask::x',
    'a\n::error::x',
    '##[error]x',
    'x ##vso[task.setvariable]y',
    "##teamcity[buildStatus text='x']",
    '###[error]x',
    '##\u200b[error]x',
  ]) {
    test(`no CI runner takes ${JSON.stringify(hostile)} for a command, wherever a line is broken`, () => {
      const safe = safeText(hostile);
      for (const word of safe.split(' ')) assert.ok(!isCommand(word), word);
      assert.ok(!isCommand(safe), safe);
    });
  }

  test('leaves other colons and signs as they are', () => {
    for (const text of ['std::string', 'a:b', 'sha256:ab', '# heading', 'C#[1]', '2001:db8::1']) {
      assert.equal(safeText(text), text);
    }
  });
});

test('resultJson is the same value for a parser, and no command for a CI runner', () => {
  const value = { a: '##[error]x', '##vso[task]': ['::error::x', '\u009b'] };
  const text = resultJson(value);
  assert.deepEqual(JSON.parse(text), value);
  for (const line of text.split('\n')) assert.ok(!isCommand(line), line);
});

test('inertXml is no command for a CI runner, and nothing that a terminal acts on', () => {
  const text = inertXml('a ##[error]x ##vso[task]y \u009b2J \u202e');
  assert.equal(text, 'a &#x23;#[error]x &#x23;#vso[task]y &#x9b;2J &#x202e;');
});
