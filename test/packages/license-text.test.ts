import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { classifyLicenseText } from '../../src/packages/index.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
/** They state another licence than the text they ship. */
const CONTRADICTORY = new Set(['@npmcli/redact']);

interface Sample {
  readonly name: string;
  readonly stated: string;
  readonly text: string;
}

/** Packages of this project that state one licence and have its text beside them. */
function samples(): readonly Sample[] {
  const folders = readdirSync(MODULES)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(MODULES, name)).map((inner) => join(name, inner)) : [name],
    );
  return folders.flatMap((name): readonly Sample[] => {
    const names = readdirSync(join(MODULES, name));
    const file = names.find((candidate) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(candidate));
    if (file === undefined || !names.includes('package.json')) return [];
    const { license } = JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8')) as {
      readonly license?: string;
    };
    if (typeof license !== 'string' || license.includes(' ')) return [];
    return [{ name, stated: license, text: readFileSync(join(MODULES, name, file), 'utf8') }];
  });
}

describe('classifyLicenseText', () => {
  const known = samples().filter(({ name }) => !CONTRADICTORY.has(name));
  const of = (stated: string): Sample => {
    const sample = known.find((item) => item.stated === stated && classifyLicenseText(item.text) === stated);
    assert.ok(sample, stated);
    return sample;
  };

  it('never says another licence than the package states, and knows most texts', () => {
    assert.ok(known.length > 80);
    const told = known.map(({ name, stated, text }) => ({ name, stated, found: classifyLicenseText(text) }));
    assert.deepEqual(
      told.filter(({ stated, found }) => found !== undefined && found !== stated),
      [],
    );
    assert.ok(told.filter(({ found }) => found !== undefined).length / told.length > 0.8);
  });

  it('knows the common licences, however lines are broken and whoever holds the rights', () => {
    for (const stated of ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0']) {
      const { text } = of(stated);
      assert.equal(classifyLicenseText(`\n\n${text.replaceAll('\n', '\r\n').replaceAll('"', '”')}\n`), stated);
    }
    const { text } = of('MIT');
    assert.equal(
      classifyLicenseText(text.replace(/^copyright.*$/im, 'Copyright © 1999, 2001-2024 Someone <a@example.com>')),
      'MIT',
    );
  });

  it('says nothing of a text with anything added, left out, or of two licences', () => {
    const mit = of('MIT').text;
    const others = [
      `${mit}\nThe Software shall be used for Good, not Evil.\n`,
      `"Commons Clause" License Condition v1.0\n\n${mit}`,
      mit.replace('without restriction', 'with restrictions'),
      mit.replace(', sublicense', ''),
      `${mit}\n${of('ISC').text}`,
      `${of('Apache-2.0').text}\n\n---- LLVM Exceptions ----\nAs an exception, if ...\n`,
      '',
      'MIT',
    ];
    for (const text of others) assert.equal(classifyLicenseText(text), undefined, text.slice(0, 60));
  });

  it('never throws and takes linear time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void classifyLicenseText(text)));
    for (const text of [
      ' appendix how to apply the apache license to your work',
      ' neither the name of',
      ' is provided by',
      '\n(c) ',
      '1) ',
      'bsd ',
    ]) {
      assert.equal(classifyLicenseText(text.repeat(1000)), undefined);
    }
  });
});
