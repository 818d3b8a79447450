import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseNixName, readNixDatabase } from '../../../src/catalog/os/nix-store.ts';
import { nixCataloger } from '../../../src/catalog/os/nix.ts';
import { runCataloger } from '../../support/run-cataloger.ts';
import { fixtures, nixDatabase } from '../fixtures/nix.ts';

const HASH = '0c5b0xvlr9pfbq4xvgzpb0wp1a2zcf3a';
const NAMES = [
  'glibc-2.38-44',
  'a-b-c',
  'nix-2.3.16',
  'font-1x',
  'x-',
  'gcc-12-3-wrapper',
  'perl5.38.2-URI-5.21',
  'a--1',
  'unstable-2023-01-01',
];
const skip = existsSync('/usr/bin/nix-instantiate') ? false : 'no nix on this machine';

describe('nix', () => {
  it('gives an output its folder, its derivation and what it refers to', () => {
    const { packages } = runCataloger(nixCataloger, fixtures.good.files);
    const [glibc, openssl] = packages;
    assert.deepEqual(openssl?.dependsOn, [glibc?.id]);
    assert.match(glibc?.directories?.[0] ?? '', /^\/nix\/store\/.*glibc-2.38-44$/);
    assert.match(glibc?.properties?.['nix:deriver'] ?? '', /glibc-2.38-44\.drv$/);
  });

  it('tells how many folders name no version', () => {
    const { notes } = runCataloger(nixCataloger, fixtures.edge.files);
    assert.deepEqual(
      notes.map(({ code, facts }) => [code, facts?.['count']]),
      [['nix-paths-without-version', '1']],
    );
  });
});

describe('parseNixName', () => {
  it('separates outputs only where the name has a version', () => {
    const of = (name: string) => {
      const { name: found, version, output } = parseNixName(`${HASH}-${name}`) ?? {};
      return [found, version, output];
    };
    assert.deepEqual(of('openssl-3.0.12-bin'), ['openssl', '3.0.12', 'bin']);
    assert.deepEqual(of('unit-script-dev'), ['unit-script-dev', undefined, undefined]);
    assert.deepEqual(of('x-1-unknown'), ['x', '1-unknown', undefined]);
  });

  it('finds the version where Nix does', { skip }, () => {
    const list = `[${NAMES.map((name) => JSON.stringify(name)).join(' ')}]`;
    const expression = `map builtins.parseDrvName ${list}`;
    const output = execFileSync('nix-instantiate', [
      '--eval',
      '--strict',
      '--json',
      '--store',
      'dummy://',
      '--expr',
      expression,
    ]);
    const theirs = JSON.parse(output.toString('utf8')) as readonly { name: string; version: string }[];
    assert.deepEqual(
      NAMES.map((name) => parseNixName(`${HASH}-${name}`)).map((found) => ({
        name: found?.name,
        version: found?.version ?? '',
      })),
      theirs,
    );
  });
});

describe('readNixDatabase', () => {
  it('never throws, whatever bytes are changed', () => {
    const whole = nixDatabase(
      ['/nix/store/a', '/nix/store/b'],
      [
        [0, 1],
        [1, 1],
      ],
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          readNixDatabase(bytes);
        },
      ),
    );
  });
});
