import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RE2JS } from 're2js';
import parseSpdx from 'spdx-expression-parse';
import {
  CLASSIFIERS,
  classifierRules,
  type Classifier,
  type ClassifierPattern,
} from '../../../src/catalog/binary/classifier-table.ts';
import { compilePatterns } from '../../../src/formats/index.ts';

/** The pattern's text without its groups: what is literal in it reads as it must be in the file. */
function literalText(pattern: string): string {
  return pattern
    .replaceAll(/\(\?<\w+>|\(\?:|(?<!\\)[()]/g, '')
    .replaceAll('\\x00', '\0')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll(/\\([^A-Za-z0-9])/g, '$1');
}

function all({ patterns, needs = [], not = [] }: Classifier): readonly ClassifierPattern[] {
  return [...patterns, ...needs, ...not];
}

/** Whether a pattern surely ends: only `?` and `{n,m}` may repeat. */
function isBounded(pattern: string): boolean {
  const bare = pattern.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  return !/[*+]|\{\d+,\}/.test(bare);
}

describe('classifiers.json', () => {
  it('knows at least 75 programs, each once, in a capture rule of its own', () => {
    assert.ok(CLASSIFIERS.length >= 75, `${CLASSIFIERS.length}`);
    const ids = classifierRules().map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id } of CLASSIFIERS) assert.match(id, /^[a-z][a-z0-9_-]*$/);
  });

  for (const classifier of CLASSIFIERS) it(classifier.id, () => checkClassifier(classifier));
});

function checkClassifier(classifier: Classifier): void {
  const { names = [], prefixes = [], pathSuffixes = [], file, purl, cpes = [], license, version } = classifier;
  assert.ok(names.length + prefixes.length + pathSuffixes.length > 0);
  assert.ok(prefixes.length === 0 || file !== undefined, 'a prefix alone says too little');
  for (const prefix of prefixes) assert.ok(prefix.length >= 2, prefix);
  if (file !== undefined) {
    RE2JS.compile(`^(?:${file})$`);
    assert.ok(isBounded(file), file);
    for (const name of names) assert.match(name, new RegExp(`^(?:${file})$`));
  }
  assert.ok(classifier.patterns.length > 0);
  for (const pattern of all(classifier)) checkPattern(pattern);
  const groups = version === undefined ? ['version'] : [...version.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  for (const { pattern } of classifier.patterns)
    for (const group of groups) assert.ok(pattern.includes(`(?<${group}>`), pattern);
  assert.match(purl, /^pkg:(?:generic\/[a-z0-9_-]+@\{version\}|golang\/[a-z0-9._/-]+(?:\{\/vN\})?@v\{version\})$/);
  for (const cpe of cpes) checkCpe(cpe, classifier);
  if (license !== undefined) parseSpdx(license);
  for (const folder of classifier.owns ?? [])
    assert.match(folder, /^(?:\.\.\/)?[a-z]+(?:\/[a-z0-9_-]+|[/-]?(?:\{(?:version|major|minor)\}\.?)+0?)*$/);
  assert.ok(compilePatterns(classifier.patterns.map((pattern, index) => ({ ...pattern, id: `${index}` }))));
}

/** Looked for in linear time, within bounds, and found wherever the needle is. */
function checkPattern({ needle, pattern, before, after, confidence = 1 }: ClassifierPattern): void {
  assert.ok(needle.length >= 3, needle);
  assert.ok(literalText(pattern).includes(needle), `${JSON.stringify(needle)} is not literal in ${pattern}`);
  assert.ok(isBounded(pattern), pattern);
  RE2JS.compile(pattern);
  assert.ok(before >= 0 && before <= 256 && after >= needle.length && after <= 256, pattern);
  assert.ok(confidence > 0.3 && confidence <= 1, 'a contradicted version must stay the least sure');
}

function checkCpe(cpe: string, { patterns }: Classifier): void {
  assert.match(
    cpe,
    /^cpe:2\.3:[ao]:(?:[a-z0-9._-]|\\[^a-z0-9])+:(?:[a-z0-9._-]|\\[^a-z0-9])+(?::(?:\{\w+\}|\*|-)){8}$/,
  );
  for (const [, group] of cpe.matchAll(/\{(\w+)\}/g))
    assert.ok(group === 'version' || patterns.every(({ pattern }) => pattern.includes(`(?<${group}>`)), cpe);
}
