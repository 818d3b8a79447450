import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The first capture of every match. */
function captures(text: string, expression: RegExp): readonly string[] {
  return [...text.matchAll(expression)].map((match) => match[1]!);
}

/** Text of the fenced blocks of a language. */
function blocks(text: string, language: string): readonly string[] {
  return captures(text, new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'));
}

describe('what the documents say', () => {
  test('README tells exactly two commands to set up', () => {
    const setUp = read('README.md').split(/^## /m)[1]!;
    assert.deepEqual(
      blocks(setUp, 'sh').map((block) => block.trim()),
      ['npm ci && npm run demo', 'npm ci && npm test'],
    );
  });

  test('README gives a reason for each library, and for no other', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Readonly<Record<string, string>> };
    const table = read('README.md').split(/^## Libraries/m)[1]!;
    const listed = captures(table, /^\|([^|]*`[^|]*)\|/gm).flatMap((cell) => captures(cell, /`([^`]+)`/g));
    assert.deepEqual(listed.toSorted(), Object.keys(dependencies).toSorted());
  });

  test('the policy of README is the one of the demo', () => {
    const [shown] = blocks(read('README.md'), 'yaml');
    const [used] = captures(read('test/demo/demo.ts'), /^const POLICY = `([^`]*)`;$/gm);
    assert.ok(shown !== undefined && used !== undefined);
    assert.deepEqual(parse(shown), parse(used));
  });

  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    test(`files that ${file} names are there`, () => {
      const text = read(file);
      const named = [
        ...captures(text, /\]\(([^)#:]+)\)/g),
        ...captures(text, /`((?:src|test|schemas|bin|\.ci)\/[\w./-]+)`/g),
      ];
      assert.ok(named.length > 2, `only ${named.length} names`);
      assert.deepEqual(
        named.filter((name) => !existsSync(join(ROOT, name))),
        [],
      );
    });
  }
});
